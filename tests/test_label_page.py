"""The page's server: who may use it, what it hands out, and that no answer is lost or counted
twice.
"""

import http.client
import json
import re
from contextlib import closing
from types import SimpleNamespace
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
import torch

pytest.importorskip("fastapi", reason="the page is an extra: pip install -e .[label]")

from label_person import CLASSES, Person, seen
from label_runs import events, fingerprint, served, waiting

from askwell.command.page.app import PAGE
from askwell.command.page.asking import Asking
from askwell.command.page.session import Session
from askwell.errors import UserError
from askwell.listener.asked import _clusters
from askwell.oracle.events import AnswerLog


@pytest.fixture
def run(tmp_path):
    return waiting(tmp_path / "run")


@pytest.fixture
def address(run):
    with served(run) as addresses:
        yield addresses["ada"]


@pytest.fixture
def ada(address):
    return Person(address)


def status_of(address, path, method="GET", **headers):
    """The status of an answer to exactly these headers."""
    with closing(http.client.HTTPConnection(urlsplit(address).netloc)) as connection:
        connection.request(method, path, headers=headers)
        return connection.getresponse().status


# Who may use it


def test_the_printed_address_sets_a_strict_cookie_and_keeps_everything_of_the_page_at_home(address):
    response = urlopen(address)
    page = response.read().decode()
    response.close()
    assert response.status == 200
    assert {"HttpOnly", "SameSite=strict"} <= set(response.headers["set-cookie"].split("; "))
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "connect-src 'self'" in policy
    nonce = re.search(r"script-src 'nonce-([\w-]+)'", policy)[1]
    assert re.findall(r"<(script|style)( nonce=\"[^\"]*\")?>", page) == [
        ("style", f' nonce="{nonce}"'),
        ("script", f' nonce="{nonce}"'),
    ]
    assert not re.search(r"(src|href)=\"(?!data:)", page)


def test_the_address_stays_valid_while_the_server_lives(address):
    assert Person(address).queue[0]["id"] == Person(address).queue[0]["id"]


@pytest.mark.parametrize("path", ["/", "/?token=guess", "/api/state", f"/image/{fingerprint(1)}"])
def test_a_stranger_gets_401(address, path):
    assert status_of(address, path) == 401


def test_a_token_elsewhere_than_in_the_address_of_the_page_opens_nothing(address):
    assert status_of(address, f"/api/state?{urlsplit(address).query}") == 401


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8765", "127.0.0.1"])
def test_a_foreign_host_gets_403(ada, address, host):
    assert status_of(address, "/api/state", Host=host, **ada.headers) == 403


@pytest.mark.parametrize("origin", ["http://evil.example", "null", ""])
def test_a_change_that_comes_from_elsewhere_gets_403(ada, run, origin):
    said = {"answers": [ada.event(fingerprint(1), "ash")]}
    assert ada.post("/api/answers", said, Origin=origin)[0] == 403
    assert not (run / "answers.jsonl").exists()


def test_a_change_without_an_origin_gets_403(ada, address):
    assert status_of(address, "/api/train", "POST", **ada.headers) == 403


def test_no_page_of_the_framework_is_served(ada):
    for path in ("/docs", "/openapi.json", "/redoc"):
        with pytest.raises(HTTPError, match="404"):
            ada.get(path)


@pytest.mark.parametrize("one", ["..%2F..%2Frun.json", "%2Fetc%2Fpasswd", "1", "nothing"])
def test_an_id_that_was_not_asked_about_shows_nothing(ada, one):
    with pytest.raises(HTTPError, match="404"):
        ada.get(f"/image/{one}")


# What is asked and answered


def test_the_images_of_the_list_are_asked_in_its_order_and_shown(ada):
    queue = ada.queue
    assert [item["id"] for item in queue] == [fingerprint(index) for index in range(1, 7)]
    assert [seen(ada.get(f"/image/{item['id']}")) for item in queue[:3]] == [
        "birch",
        "cedar",
        "ash",
    ]


def test_an_answer_is_kept_with_who_when_and_how_fast(ada, run):
    ada.say(ada.event(fingerprint(4), "cedar", suggestion="birch", seen=True))
    (event,) = events(run)
    assert event.pop("uid")
    assert re.match(r"\d{4}-\d\d-\d\dT", event.pop("at"))
    assert event == {
        **{"index": 4, "image": fingerprint(4), "name": "4.png", "kind": "label"},
        **{"answer": "cedar", "by": "ada", "seconds": 1.5, "mode": "single"},
        **{"suggestion": "birch", "seen": True},
    }
    assert fingerprint(4) not in [item["id"] for item in ada.queue]


def test_what_is_sent_twice_counts_once(ada, run):
    event = ada.event(fingerprint(1), "ash")
    for _ in range(3):
        assert ada.say(event)["taken"] == [event["uid"]]
    ada.say(event, event)
    assert len(events(run)) == 1


@pytest.mark.parametrize("word", ["cannot tell", "none of these", "broken"])
def test_answers_without_a_label_leave_the_queue(ada, run, word):
    ada.say(ada.event(fingerprint(1), word))
    assert events(run)[0]["kind"] == word
    assert len(ada.queue) == 5


def test_later_is_asked_last(ada):
    ada.say(ada.event(fingerprint(1), "later"))
    ada.say(ada.event(fingerprint(3), "later"))
    order = [fingerprint(index) for index in (2, 4, 5, 6, 1, 3)]
    assert [item["id"] for item in ada.queue] == order


def test_an_answer_is_taken_back_and_given_again(ada, run):
    ada.say(ada.event(fingerprint(1), "ash"))
    ada.say(ada.event(fingerprint(1), "undo"))
    assert ada.queue[0]["id"] == fingerprint(1)
    ada.say(ada.event(fingerprint(1), "birch"))
    assert [event["kind"] for event in events(run)] == ["label", "undo", "label"]
    assert ada.state["counts"] == {"birch": 1}


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"answer": "cedarr"}, "there is no class cedarr"),
        ({"answer": None}, "there is no class None"),
        ({"kind": "settled"}, "settled is no kind of answer"),
        ({"kind": ["label"]}, "is no kind of answer"),
        ({"id": "../../run.json"}, "no image with this id was asked about"),
        ({"id": 7}, "no image with this id was asked about"),
        ({"uid": ""}, "it has no uid"),
        ({"uid": 3}, "it has no uid"),
    ],
)
def test_what_cannot_be_taken_is_refused_with_a_word_and_the_rest_is_taken(ada, run, facts, why):
    good = ada.event(fingerprint(2), "ash")
    answer = ada.say({**ada.event(fingerprint(1), "ash"), **facts}, good)
    assert answer["taken"] == [good["uid"]]
    assert why in answer["refused"][0]["why"]
    assert [event["index"] for event in events(run)] == [2]


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'{"answers": 3}', b'{"answers": [3]}'])
def test_what_is_no_list_of_answers_is_refused(ada, content):
    assert ada.post("/api/answers", content)[0] == 400


def test_a_flood_is_refused(ada, address):
    long = {"Content-Length": "2000001", "Origin": ada.root, **ada.headers}
    assert status_of(address, "/api/answers", "POST", **long) == 413


def test_facts_that_are_not_as_they_should_be_are_left_out(ada, run):
    odd = {"seconds": -1, "mode": "hacked", "suggestion": ["x"], "by": "eve", "index": 3}
    ada.say({**ada.event(fingerprint(1), "ash"), **odd})
    (event,) = events(run)
    assert {"seconds", "mode", "suggestion"} & event.keys() == set()
    assert (event["by"], event["index"]) == ("ada", 1)


NAMES = ["<img src=x onerror=alert(1)>", "quo\"te's", "🦊", "a\\nb", "</script>"]


def test_names_of_classes_are_handed_out_as_they_are_and_never_in_the_page(tmp_path):
    with served(waiting(tmp_path / "run", classes=NAMES)) as addresses:
        ada = Person(addresses["ada"])
        assert ada.state["classes"] == NAMES
        assert not any(name in ada.get("/").decode() for name in NAMES[:2])
        ada.say({**ada.event(fingerprint(1), "x"), "kind": "label", "answer": NAMES[0]})
    assert events(tmp_path / "run")[0]["answer"] == NAMES[0]


def test_the_page_makes_no_markup_of_text():
    makers = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\("
    assert not re.search(makers, PAGE.read_text())


# What the network needs


def test_the_evaluation_sample_and_the_labels_of_the_query_are_lacking(tmp_path):
    with served(waiting(tmp_path / "run", evaluation=[5, 6])) as addresses:
        ada = Person(addresses["ada"])
        assert (ada.state["lacking"], ada.state["trainable"]) == (4, False)
        for index, word in ((5, "ash"), (6, "broken"), (1, "cannot tell"), (2, "ash")):
            ada.say(ada.event(fingerprint(index), word))
        assert (ada.state["lacking"], ada.state["trainable"]) == (1, True)
        assert ada.post("/api/train", {}) == (200, {})
        assert ada.state["lacking"] == 0


def test_training_now_without_a_label_is_refused(ada):
    status, answer = ada.post("/api/train", {})
    assert (status, "nothing can be trained on yet" in answer["error"]) == (409, True)


def test_the_accuracy_comes_with_its_interval(ada):
    (labels, accuracy, low, high), *_ = ada.state["runs"][0]["rounds"]
    assert (labels, accuracy) == (8, 0.5)
    assert (round(low, 3), round(high, 3)) == (0.299, 0.701)  # Wilson's, of 10 in 20


def test_suggestions_are_hidden_on_a_share_and_it_is_recorded(ada):
    shown = {item["id"]: (item["hidden"], item["guesses"] == []) for item in ada.queue}
    assert shown[fingerprint(1)] == shown[fingerprint(3)] == (True, True)  # 0x11…, 0x33… of 2**32
    assert shown[fingerprint(4)] == (False, False)


def test_blind_shows_no_suggestion(run):
    with served(run, blind=True) as addresses:
        assert not any(item["guesses"] for item in Person(addresses["ada"]).queue)


# Several runs


def test_an_image_that_several_runs_ask_about_is_asked_once(tmp_path):
    one, other = (waiting(tmp_path / name) for name in ("0", "1"))
    with served(one, other) as addresses:
        ada = Person(addresses["ada"])
        assert len(ada.queue) == 6
        ada.say(ada.event(fingerprint(1), "ash"))
    assert [events(folder)[0]["answer"] for folder in (one, other)] == ["ash", "ash"]


def test_a_kill_between_the_files_of_two_runs_loses_nothing(tmp_path):
    one, other = (waiting(tmp_path / name) for name in ("0", "1"))
    with served(one) as addresses:
        ada = Person(addresses["ada"])
        event = ada.event(fingerprint(1), "ash")
        ada.say(event)
    with served(one, other) as addresses:
        again = Person(addresses["ada"])
        assert len(again.queue) == 5
        again.say(event)
    assert [len(events(folder)) for folder in (one, other)] == [1, 1]


def test_an_answer_is_given_to_the_runs_that_know_its_class(tmp_path):
    one, other = waiting(tmp_path / "0"), waiting(tmp_path / "1", classes=["ash", "yew"])
    with served(one, other) as addresses:
        ada = Person(addresses["ada"])
        assert ada.state["classes"] == [*CLASSES, "yew"]
        ada.say(ada.event(fingerprint(1), "cedar"))
        assert len(ada.queue) == 6
    assert (len(events(one)), (other / "answers.jsonl").exists()) == (1, False)


# Bad luck


def test_a_torn_last_line_is_an_answer_that_was_not_given(run):
    with served(run) as addresses:
        Person(addresses["ada"]).answer(2)
    content = (run / "answers.jsonl").read_bytes()
    (run / "answers.jsonl").write_bytes(content[:-5])
    with served(run) as addresses:
        ada = Person(addresses["ada"])
        assert len(ada.queue) == 5
        ada.say(ada.event(fingerprint(2), "ash"))
    assert [event["index"] for event in events(run)] == [1, 2]


def test_an_image_that_cannot_be_read_is_404_and_can_be_called_broken(ada, run):
    (run / "asked" / "1.png").write_bytes(b"no image")
    with pytest.raises(HTTPError, match="404"):
        ada.get(f"/image/{fingerprint(1)}")
    ada.say(ada.event(fingerprint(1), "broken"))
    assert events(run)[0]["kind"] == "broken"


def test_a_full_disk_is_said_and_the_answer_is_not_confirmed(ada, run, monkeypatch):
    def full(path, content):
        raise UserError(f"cannot write {path.name} (No space left on device): make room")

    event = ada.event(fingerprint(1), "ash")
    with monkeypatch.context() as patch:
        patch.setattr("askwell.oracle.events.append", full)
        status, answer = ada.post("/api/answers", {"answers": [event]})
    assert (status, "No space left" in answer["error"], "taken" in answer) == (409, True, False)
    assert ada.say(event)["taken"] == [event["uid"]]
    assert len(events(run)) == 1


def test_the_last_answers_are_listed_for_review(ada):
    ada.say(ada.event(fingerprint(2), "ash"))
    ada.say(ada.event(fingerprint(1), "broken"))
    answers = json.loads(ada.get("/api/history"))["answers"]
    assert [one["answer"] for one in answers] == ["broken", "ash"]


def test_an_answer_that_the_run_took_from_another_one_is_shown_too(run):
    session = Session([Asking(run)], ["ada"])
    (run / "asked" / "9.png").write_bytes((run / "asked" / "1.png").read_bytes())
    event = {"index": 9, "image": fingerprint(9), "kind": "label", "answer": "ash"}
    AnswerLog(run / "answers.jsonl").add([event])
    session.refresh()
    (one,) = session.history("ada")
    content, _ = session.picture(one["id"])
    assert seen(content) == "birch"


@pytest.mark.parametrize("shape", [(1, 8, 8), (5,)])  # pixels, and rows of an encoder
def test_images_that_look_alike_are_one_group_before_there_is_a_network(shape):
    levels = torch.tensor([10, 200, 12, 198, 14, 60])
    inputs = levels.view(-1, *[1 for _ in shape]).expand(-1, *shape).to(torch.uint8)
    images = SimpleNamespace(fetch=lambda indices: inputs[indices])
    run = SimpleNamespace(sight=SimpleNamespace(images=images), classes=("a", "b"))
    clusters = _clusters(run, [0, 1, 2, 3, 4, 5])
    assert clusters[1] == clusters[3]
    assert {clusters[0]} == {clusters[2], clusters[4], clusters[5]} != {clusters[1]}


def test_a_question_that_changes_between_two_looks_is_shown_by_the_next_look(run):
    session = Session([Asking(run)], ["ada"])
    asked = json.loads((run / "asked.json").read_text())
    row = asked["images"][0] | {"index": 9, "image": fingerprint(9)}
    (run / "asked.json").write_text(json.dumps(asked | {"images": [row]}))
    said = {"uid": "one", "id": fingerprint(1), "kind": "label", "answer": "ash"}
    assert session.answer([said], "ada", 0.0) == (["one"], [])
    before = [image["id"] for image in session.queue("ada", 0.0)]
    session.refresh()
    after = [image["id"] for image in session.queue("ada", 0.0)]
    assert before == [image["image"] for image in asked["images"][1:]]
    assert after == [fingerprint(9)]


def test_second_opinions_alone_are_nothing_to_train_on(tmp_path):
    folder = waiting(tmp_path / "run", size=4)
    asked = json.loads((folder / "asked.json").read_text())
    asked["images"][0]["times"] = 1
    (folder / "asked.json").write_text(json.dumps(asked))
    asking = Asking(folder)
    asking.refresh()
    for index, trains in ((1, False), (2, True)):
        said = {"image": fingerprint(index), "kind": "label", "answer": "ash"}
        asking.add([{"index": index, **said}])
        assert asking.can_train_now is trains


def test_a_second_opinion_corrects_no_other_run(tmp_path):
    folders = [waiting(tmp_path / name, images) for name, images in (("one", [2]), ("two", [1, 2]))]
    said = {"index": 1, "image": fingerprint(1), "kind": "label", "answer": "ash"}
    AnswerLog(folders[0] / "answers.jsonl").add([said])
    asked = json.loads((folders[1] / "asked.json").read_text())
    asked["images"][0]["times"] = 1
    (folders[1] / "asked.json").write_text(json.dumps(asked))
    session = Session(list(map(Asking, folders)), ["ada"])
    for number in (1, 2):
        answer = {"uid": str(number), "id": fingerprint(number), "kind": "label", "answer": "birch"}
        session.answer([answer], "ada", 0.0)
    answers = [[event["answer"] for event in run.answers.values()] for run in session.askings]
    assert answers == [["ash", "birch"], ["birch", "birch"]]
