"""Makes the model directory of a trained network, as the package embeds it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from inkstream_server.models.embedded import DOC_ORIENTATION
from inkstream_server.models.recipe import TILE_PX, TILES_A_ROW, PageView
from inkstream_server.stages.doc_orientation import ANGLES, INPUT_PX
from training.networks.export import ask_for_the_older_format, export

_DESCRIPTION: Final = {
    "Global": {"model_name": DOC_ORIENTATION},
    "PreProcess": {
        "transform_ops": [
            {"CropTextTiles": {"size": TILE_PX, "count": TILES_A_ROW**2}},
            {
                "NormalizeImage": {
                    "channel_num": 3,
                    "mean": [0.485, 0.456, 0.406],
                    "order": "",
                    "scale": "1./255.",
                    "std": [0.229, 0.224, 0.225],
                }
            },
            {"ToCHWImage": None},
        ]
    },
    "PostProcess": {"Topk": {"topk": 1, "label_list": [str(angle) for angle in ANGLES]}},
}


def embed(weights: Path, folder: Path, reluctance: float) -> None:
    """`reluctance` is in logits, added up over the tiles and the directions."""
    ask_for_the_older_format()
    from training.doc_orientation.learning import trained
    from training.networks.turning import InAllDirections

    model = InAllDirections(trained(weights), reluctance, TILES_A_ROW)
    side_px = INPUT_PX[PageView.TEXT_TILES]
    export(model, (3, side_px, side_px), _DESCRIPTION, folder)
