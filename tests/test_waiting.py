"""Runs that wait for people: they end where a query is asked, and resume once it is answered."""

import json
import os
import shutil

import pytest
from experiment import answer, equal, record_of, weights_of

from askwell.command.page.place import Place
from askwell.pool import Pool

ASKS = ("oracle=file", "answers_dir=answers")


def status(folder):
    run = json.loads((folder / "run.json").read_text())
    return run["status"], run["reason"]


@pytest.fixture
def until_it_waits(program):
    """Runs the program until it waits, and checks that it exits as it should."""

    def run(*arguments):
        with pytest.raises(SystemExit, match="75"):
            program(*ASKS, *arguments)

    return run


@pytest.fixture
def waited(until_it_waits, program, tmp_path):
    """The folder of a finished run whose three queries people answered, each in a new process."""

    def finished(*arguments, tell=lambda image: image.split("/")[-2], queries=3):
        folder = tmp_path / "outputs" / "run"
        until_it_waits(*arguments)
        for query in range(queries):
            answer(folder, tell)
            if query < queries - 1:
                until_it_waits(*arguments, "resume=true")
        program(*ASKS, *arguments, "resume=true")
        return folder

    return finished


@pytest.mark.parametrize(
    "protocol",
    [
        ["protocol=paper"],
        ["protocol=retrain", "protocol.epochs_per_round=2"],
        ["protocol.rescore_every=2"],
        ["strategy=bald", "initial=kcentre", "initial_size=4"],
    ],
)
def test_a_run_that_waited_equals_one_that_did_not(waited, program, tmp_path, protocol):
    folder = waited(*protocol)
    program(*protocol, "name=simulated")
    simulated = tmp_path / "outputs" / "simulated"
    assert record_of(folder) == record_of(simulated)
    assert equal(weights_of(folder), weights_of(simulated))


def test_before_round_0_a_run_waits_without_a_checkpoint(until_it_waits, tmp_path):
    until_it_waits()
    folder = tmp_path / "outputs" / "run"
    assert status(folder) == ("waiting", "answers")
    assert (folder / "pending.json").exists()
    assert not (folder / "checkpoints").exists()


def test_a_run_without_an_answer_waits_on_and_asks_the_same(until_it_waits, tmp_path):
    until_it_waits()
    asked = (tmp_path / "outputs" / "run" / "questions.csv").read_bytes()
    until_it_waits("resume=true")
    assert (tmp_path / "outputs" / "run" / "questions.csv").read_bytes() == asked


def test_a_query_is_recorded_after_its_round_and_replaces_the_last_one(until_it_waits, tmp_path):
    folder = tmp_path / "outputs" / "run"
    until_it_waits()
    first = answer(folder)
    until_it_waits("resume=true")
    second = answer(folder)
    assert not set(first) & set(second)
    assert len((folder / "rounds.jsonl").read_text().splitlines()) == 1


def test_a_damaged_question_is_named(until_it_waits, program, tmp_path, capsys):
    until_it_waits()
    file = tmp_path / "outputs" / "run" / "pending.json"
    file.write_text(file.read_text().replace("[", "[[", 1))
    with pytest.raises(SystemExit, match="2"):
        program(*ASKS, "resume=true")
    assert "pending.json is damaged" in capsys.readouterr().err


def row(content):
    """An answers.csv with these rows."""
    return lambda file, **indices: file.write_text(
        "index,label\n" + content.format(**indices) + "\n"
    )


@pytest.mark.parametrize("rounds", [0, 1])
@pytest.mark.parametrize(
    ("spoil", "word"),
    [
        (
            row("{asked},cedarr"),
            "holds the label 'cedarr': expected one of 'ash', 'birch'",
        ),
        (row("{unasked},ash"), "which was not asked: answer the rows of questions.csv"),
        (row("999,ash"), "holds the index '999': expected one of questions.csv"),
        (row("x,ash"), "holds the index 'x'"),
        (row(f"{'9' * 5000},ash"), "holds the index '9999"),
        (row("{asked},ash\n{asked},birch"), "it was answered 'ash' before: remove one of them"),
        (row("{asked},ash"), "lacks 5 of 6 answers"),
        (row("{asked},ash\n{other},"), "lacks 5 of 6 answers"),
        (lambda file, **indices: file.write_text(""), "has no column index and label"),
        (lambda file, **indices: file.mkdir(), "cannot read"),
        (lambda file, **indices: file.write_bytes("index,label".encode("utf-16")), "not UTF-8"),
        (row('{asked},"ash' + "x" * 200_000), "a quote may be left open"),
    ],
)
def test_answers_that_do_not_fit_are_one_line_and_lose_nothing(
    until_it_waits, program, tmp_path, capsys, spoil, word, rounds
):
    until_it_waits()
    folder = tmp_path / "outputs" / "run"
    if rounds:
        answer(folder)
        until_it_waits("resume=true")
    asked = answer(folder)
    unasked = next(
        index
        for index in range(48)
        if f"{index}," not in (folder / "queries.csv").read_text() and index not in asked
    )
    (folder / "answers.csv").unlink()
    spoil(folder / "answers.csv", asked=asked[0], other=asked[1], unasked=unasked)
    with pytest.raises(SystemExit, match="2"):
        program(*ASKS, "resume=true")
    assert word in capsys.readouterr().err
    assert status(folder) == ("waiting", "answers")
    (shutil.rmtree if (folder / "answers.csv").is_dir() else os.remove)(folder / "answers.csv")
    answer(folder, lambda image: "ash")
    until_it_waits("resume=true")
    assert len((folder / "rounds.jsonl").read_text().splitlines()) == rounds + 1


def test_an_answer_that_contradicts_a_taken_one_is_refused(
    until_it_waits, program, tmp_path, capsys
):
    until_it_waits()
    folder = tmp_path / "outputs" / "run"
    first = answer(folder)
    until_it_waits("resume=true")
    (folder / "answers.csv").write_text(f"index,label\n{first[0]},broken\n")
    with pytest.raises(SystemExit, match="2"):
        program(*ASKS, "resume=true")
    assert "with 'broken', it was answered" in capsys.readouterr().err


def test_images_that_nobody_can_tell_leave_the_pool_and_count_against_the_budget(waited, tmp_path):
    def tell(image):
        return "cannot tell" if image.endswith(("3.png", "7.png")) else image.split("/")[-2]

    folder = waited("budget=18", "rounds=null", tell=tell)
    rounds = [json.loads(line) for line in (folder / "rounds.jsonl").read_text().splitlines()]
    assert sum(sum(line["answers"].values()) for line in rounds) == 18
    unknown = sum(line["answers"].get("cannot tell", 0) for line in rounds)
    assert (unknown > 0, rounds[-1]["labels"]) == (True, 18 - unknown)
    assert len((folder / "queries.csv").read_text().splitlines()) == 1 + 18 - unknown


def test_with_budget_counts_labels_an_answer_without_one_is_free(until_it_waits, program, tmp_path):
    folder = tmp_path / "outputs" / "run"
    settings = ("budget=9", "rounds=null", "budget_counts=labels")
    until_it_waits(*settings)
    answer(folder)
    until_it_waits(*settings, "resume=true")
    unknown = answer(folder, lambda image: "cannot tell")
    until_it_waits(*settings, "resume=true")
    answer(folder)
    program(*ASKS, *settings, "resume=true")
    rounds = [json.loads(line) for line in (folder / "rounds.jsonl").read_text().splitlines()]
    assert [line["labels"] for line in rounds] == [6, 9]
    assert rounds[-1]["answers"] == {"labels": 3, "cannot tell": len(unknown)}


def test_a_query_without_one_label_asks_again_without_a_round(until_it_waits, tmp_path):
    folder = tmp_path / "outputs" / "run"
    until_it_waits()
    answer(folder)
    until_it_waits("resume=true")
    second = answer(folder, lambda image: "none of these")
    until_it_waits("resume=true")
    third = answer(folder)
    assert (len(third), set(second) & set(third)) == (6, set())
    assert len((folder / "rounds.jsonl").read_text().splitlines()) == 1
    until_it_waits("resume=true")
    last = json.loads((folder / "rounds.jsonl").read_text().splitlines()[-1])
    assert (last["round"], last["answers"]) == (1, {"labels": 6, "none of these": 6})


def test_two_runs_that_ask_about_one_image_ask_once(waited, until_it_waits, tmp_path):
    folder = waited()
    shutil.copytree(tmp_path / "outputs", tmp_path / "kept")
    until_it_waits("name=other", "query_size=8", "strategy=random")
    asked = (tmp_path / "outputs" / "other" / "questions.csv").read_text().splitlines()[1:]
    known = {row.split(",")[1] for row in (folder / "queries.csv").read_text().splitlines()[1:]}
    assert (len(asked) < 8, {row.split(",")[0] for row in asked} & known) == (True, set())


@pytest.mark.parametrize("tell", [str, lambda word: "cannot tell" if word == "ash" else word])
def test_a_run_is_replayed_bit_for_bit(waited, program, tmp_path, tell):
    folder = waited(tell=lambda image: tell(image.split("/")[-2]))
    program("oracle=replay", f"oracle.run={folder}", "name=replayed")
    replayed = tmp_path / "outputs" / "replayed"
    assert record_of(folder) == record_of(replayed)
    assert equal(weights_of(folder), weights_of(replayed))


def test_a_simulated_run_is_replayed_from_its_queries(program, tmp_path):
    program("oracle=noisy", "oracle.rate=0.3")
    program("oracle=replay", "oracle.run=outputs/run", "name=replayed")
    assert record_of(tmp_path / "outputs" / "run") == record_of(tmp_path / "outputs" / "replayed")


def test_a_sweep_goes_past_jobs_that_wait_and_ends_as_waiting(program, tmp_path, capsys, no_report):
    with pytest.raises(SystemExit, match="75"):
        program("-m", *ASKS, "seed=0,1")
    assert "2 jobs wait for answers" in capsys.readouterr().out
    jobs = [tmp_path / "multirun" / "run" / name for name in ("0", "1")]
    assert [status(job) for job in jobs] == 2 * [("waiting", "answers")]
    for job in jobs:
        answer(job)
    with pytest.raises(SystemExit, match="75"):
        program("-m", *ASKS, "seed=0,1", "resume=true")
    assert [len((job / "rounds.jsonl").read_text().splitlines()) for job in jobs] == [1, 1]


def test_a_sweep_with_a_failed_job_ends_as_failed_also_where_others_wait(program, no_report):
    with pytest.raises(SystemExit) as ended:
        program("-m", *ASKS, "strategy=lc,bald", "strategy@initial=random,bald")
    assert ended.value.code not in (0, 75)


def test_images_that_are_no_files_are_asked_by_their_index(program, tmp_path, cache_dir):
    with pytest.raises(SystemExit, match="75"):
        program(
            *("dataset=mnist_mini", "oracle=file", "answers_dir=answers", "trainer=cpu"),
            *("logger=none", "name=run", f"cache_dir={cache_dir}", "query_size=10"),
            shrink=False,
        )
    questions = (tmp_path / "outputs" / "run" / "questions.csv").read_text().splitlines()
    assert (questions[0], all(row.endswith(",") for row in questions[1:])) == ("index,image", True)


@pytest.fixture
def unlabelled(photos):
    """What makes a run ask about `photos`."""
    names = "dataset.classes=[ash,birch,cedar]"
    return ["dataset=unlabelled", f"dataset.root={photos}", names, *PHOTOS]


PHOTOS = ("dataset.image_size=16", "dataset.channels=1", "dataset.evaluation_size=9")


def by_name(image):
    return image.removesuffix(".png").split("-")[1]


def test_a_folder_without_labels_is_asked_about_and_replayed(waited, unlabelled, program, tmp_path):
    folder = waited(*unlabelled, tell=by_name)
    program(*unlabelled, "oracle=replay", f"oracle.run={folder}", "name=replayed")
    assert record_of(folder) == record_of(tmp_path / "outputs" / "replayed")
    run = json.loads((folder / "run.json").read_text())
    low, high = run["accuracy_interval"]
    assert (run["evaluation"], low < run["accuracy"] < high) == (9, True)


def test_evaluation_images_are_asked_first_and_cost_nothing(waited, unlabelled):
    folder = waited(*unlabelled, "budget=18", "rounds=null", tell=by_name)
    bought = (folder / "queries.csv").read_text().splitlines()[1:]
    measured = (folder / "evaluation.csv").read_text().splitlines()[1:]
    indices = [
        {int(row.split(",")[place]) for row in rows} for rows, place in ((bought, 1), (measured, 0))
    ]
    assert ([len(each) for each in indices], indices[0] & indices[1]) == ([18, 9], set())
    assert all(row.endswith(f"{row.split(',')[1]}.png") for row in measured)


def test_images_that_nobody_can_tell_are_not_evaluated_with(waited, unlabelled):
    def tell(image):
        return "cannot tell" if image.startswith(("01", "05", "11")) else by_name(image)

    folder = waited(*unlabelled, tell=tell)
    measured = (folder / "evaluation.csv").read_text()
    run = json.loads((folder / "run.json").read_text())
    assert run["evaluation"] == 9 - measured.count("cannot tell")


def test_images_that_appear_while_people_answer_get_the_next_indices(
    until_it_waits, unlabelled, photos
):
    folder = photos.parent / "outputs" / "run"
    until_it_waits(*unlabelled, "rounds=null")
    asked = (folder / "questions.csv").read_text()
    shutil.copy(photos / "03-ash.png", photos / "00-ash-again.png")
    until_it_waits(*unlabelled, "rounds=null", "resume=true")
    assert (folder / "questions.csv").read_text() == asked
    answer(folder, by_name)
    until_it_waits(*unlabelled, "rounds=null", "resume=true", "query_size=6")
    run = json.loads((folder / "run.json").read_text())
    assert run["pool"] == 49
    images = json.loads((folder / "images.json").read_text())
    assert "00-ash-again.png" in str(images)


def test_labels_that_are_there_already_are_round_0_and_free(
    until_it_waits, program, images, photos, tmp_path
):
    labelled = tmp_path / "have"
    shutil.copytree(images / "test", labelled)
    arguments = [
        *("dataset=unlabelled", f"dataset.root={photos}", f"dataset.labelled={labelled}"),
        *(*PHOTOS, "budget=6", "rounds=null"),
    ]
    until_it_waits(*arguments)
    folder = tmp_path / "outputs" / "run"
    assert len(answer(folder, by_name)) == 9  # the evaluation sample alone
    until_it_waits(*arguments, "resume=true")
    answer(folder, by_name)
    program(*ASKS, *arguments, "resume=true")
    rounds = [json.loads(line) for line in (folder / "rounds.jsonl").read_text().splitlines()]
    assert [line["labels"] for line in rounds] == [24, 30]
    assert [line["answers"] for line in rounds] == [{"labels": 0}, {"labels": 6}]


def test_a_table_without_labels_refuses_the_truth_and_names_who_can_answer(
    program, photos, tmp_path, capsys
):
    names = sorted(file.name for file in photos.iterdir())
    (tmp_path / "table.csv").write_text("image,label\n" + "".join(f"{name},\n" for name in names))
    with pytest.raises(SystemExit, match="2"):
        program(
            *("dataset=csv", "dataset.table=table.csv", f"dataset.root={photos}", *PHOTOS[:2]),
            "dataset.classes=[ash,birch,cedar]",
        )
    assert "set oracle=file to answer yourself" in capsys.readouterr().err


def test_answers_of_a_table_are_replayed_by_the_names_of_the_images(
    program, images, tmp_path, capsys
):
    names = [file.relative_to(images).as_posix() for file in sorted(images.glob("train/*/*"))]
    swapped = {"ash": "birch", "birch": "ash", "cedar": "cedar"}
    rows = [f"{name},{swapped[name.split('/')[1]]}\n" for name in names]
    (tmp_path / "people.csv").write_text("image,second\n" + "".join(rows))
    program("oracle=replay", "oracle.table=people.csv", "oracle.column=second")
    rows = (tmp_path / "outputs" / "run" / "queries.csv").read_text().splitlines()[1:]
    for _, _, label, _, image in (row.split(",") for row in rows):
        assert ("ash", "birch", "cedar")[int(label)] == swapped[image.split("/")[1]]


def test_a_table_that_lacks_an_image_is_named(program, images, tmp_path, capsys):
    (tmp_path / "people.csv").write_text("image,label\ntrain/ash/00.png,ash\n")
    with pytest.raises(SystemExit, match="2"):
        program("oracle=replay", "oracle.table=people.csv")
    assert "people.csv holds no answer for index" in capsys.readouterr().err


def test_images_that_are_gone_are_not_trained_on(until_it_waits, unlabelled, photos):
    folder = photos.parent / "outputs" / "run"
    until_it_waits(*unlabelled)
    answer(folder, by_name)
    until_it_waits(*unlabelled, "resume=true")
    bought = (folder / "queries.csv").read_text().splitlines()[1]
    (photos / bought.split(",")[-1]).unlink()
    seen = []
    with pytest.MonkeyPatch.context() as patch:
        labels = Pool.labels
        patch.setattr(Pool, "labels", lambda pool, some: seen.extend(some) or labels(pool, some))
        answer(folder, by_name)
        until_it_waits(*unlabelled, "resume=true")
    assert (len(set(seen)), int(bought.split(",")[1]) in seen) == (11, False)


def test_labels_that_come_while_people_answer_are_free_and_never_asked(
    until_it_waits, images, photos, tmp_path
):
    shutil.copytree(images / "test", photos / "have")
    arguments = [
        *("dataset=unlabelled", f"dataset.root={photos}", "dataset.labelled=have"),
        *(*PHOTOS, "budget=12", "rounds=null"),
    ]
    folder = tmp_path / "outputs" / "run"
    until_it_waits(*arguments)
    answer(folder, by_name)
    until_it_waits(*arguments, "resume=true")
    shutil.copy(photos / "01-ash.png", photos / "have" / "ash" / "new.png")
    answer(folder, by_name)
    until_it_waits(*arguments, "resume=true")
    last = json.loads((folder / "rounds.jsonl").read_text().splitlines()[-1])
    assert (last["labels"], last["answers"]) == (31, {"labels": 6})
    assert "new.png" not in (folder / "questions.csv").read_text()


def test_other_pixels_under_the_names_that_were_asked_about_are_refused(
    until_it_waits, program, unlabelled, photos, capsys
):
    until_it_waits(*unlabelled)
    answer(photos.parent / "outputs" / "run", by_name)
    for file in photos.iterdir():
        shutil.copy(photos / "00-ash.png", file) if file.name != "00-ash.png" else None
    (photos.parent / "outputs" / "run" / "images.json").unlink()
    with pytest.raises(SystemExit, match="2"):
        program(*ASKS, *unlabelled, "resume=true")
    assert "are not those of the question that was answered" in capsys.readouterr().err


@pytest.mark.parametrize("classes", ["[left,right,middle]", "[ash,birch]"])
def test_answers_are_shared_only_where_the_same_classes_were_asked_about(
    waited, until_it_waits, unlabelled, tmp_path, classes
):
    waited(*unlabelled, tell=lambda image: "none of these" if "00" in image else by_name(image))
    until_it_waits(*unlabelled, "name=other", f"dataset.classes={classes}")
    asked = (tmp_path / "outputs" / "other" / "questions.csv").read_text().splitlines()[1:]
    assert len(asked) == 15


def test_a_class_that_is_called_like_another_answer_is_refused(program, unlabelled, capsys):
    with pytest.raises(SystemExit, match="2"):
        program(*ASKS, *unlabelled, "dataset.classes=[ash,broken]")
    assert "a class cannot be called 'broken'" in capsys.readouterr().err


def test_a_first_query_without_labels_ends_with_the_budget(
    until_it_waits, program, tmp_path, capsys
):
    until_it_waits("budget=6", "rounds=null")
    answer(tmp_path / "outputs" / "run", lambda image: "cannot tell")
    with pytest.raises(SystemExit, match="2"):
        program(*ASKS, "budget=6", "rounds=null", "resume=true")
    assert "budget=6 pays for 0 more labels and 0 images have one" in capsys.readouterr().err


def test_a_run_that_waits_can_be_ended_by_a_lower_limit(until_it_waits, program, tmp_path):
    folder = tmp_path / "outputs" / "run"
    until_it_waits()
    answer(folder)
    until_it_waits("resume=true")
    program(*ASKS, "resume=true", "rounds=1")
    assert status(folder) == ("finished", "rounds")
    assert not (folder / "questions.csv").exists()


def test_jobs_on_other_images_have_other_lists(program, unlabelled, photos, tmp_path, no_report):
    shutil.copytree(photos, tmp_path / "others", ignore=shutil.ignore_patterns("0*"))
    with pytest.raises(SystemExit, match="75"):
        program("-m", *ASKS, *unlabelled, f"dataset.root={photos},{tmp_path / 'others'}")
    jobs = [tmp_path / "multirun" / "run" / name for name in ("0", "1")]
    assert [json.loads((job / "run.json").read_text())["pool"] for job in jobs] == [48, 18]
    assert [len(Place(job).names) for job in jobs] == [48, 18]


def test_replays_of_runs_that_were_answered_otherwise_are_other_studies(program, tmp_path):
    program("oracle=noisy", "oracle.rate=0.5", "rounds=1")
    program("oracle=noisy", "oracle.rate=0.5", "oracle.seed=1", "rounds=1", "name=other")
    studies = []
    for source in ("run", "other"):
        place = tmp_path / "outputs" / source
        program("oracle=replay", f"oracle.run={place}", "rounds=1", f"name=replay-{source}")
        run = json.loads((tmp_path / "outputs" / f"replay-{source}" / "run.json").read_text())
        studies.append(run["study"])
    assert studies[0] != studies[1]
