"""A folder with a trained network, which needs neither its run nor its checkpoints."""

from pathlib import Path

from askwell.command.export.onnx_file import is_installed, write_onnx
from askwell.command.trained import Trained, exported
from askwell.errors import UserError
from askwell.files import write_whole
from askwell.text import visible

ONNX = "model.onnx"


def export_model(trained: Trained, output: Path) -> None:
    """Writes model.json (classes, image size, settings) and weights.pt, of which `askwell predict`
    makes the network again, and model.onnx where its packages are installed.
    """
    (output / ONNX).unlink(missing_ok=True)  # a former network's
    for name, content in exported(trained).items():
        write_whole(output / name, content)
    print(f"{output}: the network, for askwell predict")
    if not is_installed():
        print("no ONNX file: pip install askwell[onnx]")
        return
    try:
        write_onnx(trained, output / ONNX)
        print(f"{output / ONNX}: the same for other programs")
    except UserError as error:
        print(f"no ONNX file: {visible(str(error))}")
