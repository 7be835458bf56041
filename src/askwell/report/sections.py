"""The page, section by section. A section is a function of a group; SECTIONS holds their order."""

from collections.abc import Callable

from askwell.report.balance import balance, variety
from askwell.report.class_figures import class_maps, class_shares
from askwell.report.comparing import ENOUGH_SEEDS, compare
from askwell.report.curve_figures import differences, learning_curves
from askwell.report.groups import BASELINE, Group
from askwell.report.head_to_head import head_to_head
from askwell.report.layout import Section
from askwell.report.lost import lost_classes, unrecognised_classes
from askwell.report.snapshots import snapshots
from askwell.report.soundness import remarks
from askwell.report.tables import savings, summary, timing


def labels_needed(group: Group) -> Section:
    return Section("Labels to accuracy", tables=(summary(group), *savings(group)))


def duels(group: Group) -> Section:
    tables = tuple(head_to_head(group))
    return Section("Head to head", () if tables else ("This needs two strategies.",), tables)


def curves(group: Group) -> Section:
    text = (
        "Mean over seeds, and a band of one standard deviation, as far as all seeds go. "
        "The vertical scale gives each halving of the error the same length."
    )
    return Section("Learning curves", (text,), pictures=tuple(learning_curves(group)))


def against_random(group: Group) -> Section:
    title = "Difference to random"
    if BASELINE not in group.strategies or not group.contenders:
        return Section(title, ("This needs runs of random and of another strategy.",))
    text = (
        "The difference of each seed's run to random's run of the same seed, mean and 95 % "
        "bootstrap interval. "
        f"There is no interval for fewer than {ENOUGH_SEEDS} paired seeds, and no line without "
        "pairs."
    )
    return Section(title, (text,), pictures=tuple(differences(group)))


def classes(group: Group) -> Section:
    text = "Accuracy of each class, in percent, mean over seeds."
    return Section(
        "Classes",
        (text,),
        pictures=tuple(class_maps(group)),
        points=(*lost_classes(group), *unrecognised_classes(group)),
    )


def queries(group: Group) -> Section:
    text = (
        "What was asked for: the share of each class among the images bought after the "
        "initial set, mean over seeds."
    )
    stroke = (
        " The strokes are random's." if BASELINE in group.strategies and group.contenders else ""
    )
    return Section(
        "Queries", (text + stroke,), (*balance(group), *variety(group)), tuple(class_shares(group))
    )


def looks(group: Group) -> Section:
    pictures, faults = snapshots(group)
    points = tuple(f"left out: {fault}" for fault in faults)
    if not pictures:
        nothing = "No run kept any that can be read" if faults else "No run kept any"
        text = f"{nothing}: callbacks.snapshot.rounds=[-1] keeps those of the last round."
        return Section("Snapshots", (text,), points=points)
    text = (
        "Of the lowest seed that kept any. The map shows evaluation images as the last layer "
        "sees them; the images are "
        "those of the pool that the network is least and most sure of. Both look at a random "
        "part, as many as "
        "callbacks.snapshot.images says, or 1,000."
    )
    return Section("Snapshots", (text,), pictures=tuple(pictures), points=points)


def times(group: Group) -> Section:
    return Section("Time", tables=(timing(group),))


def soundness(group: Group) -> Section:
    found = tuple(remarks(group))
    text = (
        "What is wrong with this comparison:"
        if found
        else "Nothing was found wrong with this comparison."
    )
    tests = compare(group, group.contenders, BASELINE)
    among = len(tests) or len(group.contenders)
    chosen = (
        f"The strategy of the first sentence was chosen among {among} by the accuracies that it is "
        "then judged by, which flatters it a little"
    )
    chosen += "; the tests against random are corrected for that." if tests else "."
    return Section("Soundness", (*((chosen,) if among > 1 else ()), text), points=found)


SECTIONS: tuple[Callable[[Group], Section], ...] = (
    labels_needed, curves, against_random, duels, classes, queries, looks, times, soundness,
)  # fmt: skip
