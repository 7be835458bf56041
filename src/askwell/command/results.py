"""`askwell export` and `askwell predict`: what a run leaves, in forms that others read."""

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from askwell.errors import UserError
from askwell.files import write_whole
from askwell.text import visible, writable

if TYPE_CHECKING:
    from askwell.command.trained import Trained

FORMS = ("csv", "folder", "label-studio", "model", "onnx")
TRUST = "--trust"


def add_results(commands: Any) -> None:
    """Adds both commands to the parser of `askwell`."""
    tells = "write what a run has brought: labels, predictions, the network"
    export: ArgumentParser = commands.add_parser("export", help=tells, description=tells)
    export.add_argument("run", metavar="RUN", help="the folder of a run")
    export.add_argument("--to", choices=FORMS, default="csv", help="csv unless said otherwise")
    export.add_argument("--output", help="where it goes; into the run's folder otherwise")
    export.add_argument("--copy", action="store_true", help="copies of the images, not links")
    export.add_argument(TRUST, action="store_true", help="build a model that is not Askwell's")
    export.set_defaults(work=_export)
    tells = "classify new photos: csv image,label and the probability of each class"
    predict: ArgumentParser = commands.add_parser("predict", help=tells, description=tells)
    predict.add_argument("run", metavar="RUN", help="the folder of a run, or its model/")
    predict.add_argument("photos", metavar="PHOTOS", help="a folder of photos, or one of them")
    predict.add_argument("--output", help="the file; printed otherwise")
    predict.add_argument(TRUST, action="store_true", help="build a model that is not Askwell's")
    predict.set_defaults(work=_predict)


def _export(chosen: Namespace) -> None:
    run, output = Path(chosen.run), chosen.output and Path(chosen.output)
    if chosen.copy and chosen.to != "folder":
        raise UserError("--copy is for --to folder: leave it out")
    if chosen.to == "csv":
        from askwell.command.export.tables import export_csv

        export_csv(run, output or run, trained_if_any(run, chosen.trust))
    elif chosen.to == "folder":
        from askwell.command.export.folders import export_folder

        export_folder(run, output or run / "labelled", chosen.copy, is_own=output is None)
    elif chosen.to == "label-studio":
        from askwell.command.export.tasks import export_label_studio

        trained = trained_if_any(run, chosen.trust)
        export_label_studio(run, output or run / "label-studio.json", trained)
    else:
        _export_network(run, output, chosen)


def _export_network(run: Path, output: Path | None, chosen: Namespace) -> None:
    from askwell.command.export.model_folder import ONNX, export_model
    from askwell.command.export.onnx_file import write_onnx
    from askwell.command.trained import Trained

    trained = Trained.of(run, chosen.trust)
    if chosen.to == "model":
        export_model(trained, output or run / "model")
    else:
        file = output or run / ONNX
        write_onnx(trained, file)
        print(f"{file}: uint8 images [B, H, W, C] to probabilities of {len(trained.classes)}")


def trained_if_any(run: Path, trust: bool) -> "Trained | None":
    """The network of a run; where there is none, prints why."""
    from askwell.command.trained import Trained

    try:
        return Trained.of(run, trust)
    except UserError as error:
        print(f"no predictions: {error}")
        return None


def finish(run: Path, trust: bool = False) -> None:
    """Writes labels.csv, predictions.csv and model/ into the run's folder; the labels alone where
    nothing is trained yet.
    """
    from askwell.command.export.model_folder import export_model
    from askwell.command.export.tables import export_csv

    trained = trained_if_any(run, trust)
    export_csv(run, run, trained)
    if trained is not None:
        export_model(trained, run / "model")


def _predict(chosen: Namespace) -> None:
    from askwell.command.export.tables import predicted, predictions_table
    from askwell.command.trained import Trained
    from askwell.images.sources import path_below
    from askwell.images.tree import image_files

    photos = Path(chosen.photos).absolute()
    if not photos.exists():
        raise UserError(f"there is no {visible(str(photos))}: name a folder of photos")
    trained = Trained.of(Path(chosen.run), chosen.trust)
    root = photos if photos.is_dir() else photos.parent
    files = image_files(photos) if photos.is_dir() else [str(photos)]
    names = [path_below(str(root), file) for file in files]
    predictions = list(predicted(trained, root, names))
    if lost := len(files) - len(predictions):
        print(f"askwell: {lost} of {len(files)} images cannot be read", file=sys.stderr)
    if chosen.output is not None:
        write_whole(Path(chosen.output), predictions_table(trained.classes, predictions))
        return
    shown = [one._replace(name=writable(one.name)) for one in predictions]  # on a terminal
    print(predictions_table(trained.classes, shown).decode(), end="")
