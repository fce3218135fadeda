"""Opens saved models with Python's transformers.

Each argument is a folder with config.json, model.safetensors and inputs.safetensors. Left there: logits.safetensors with
the logits of evaluation, and report.json with the names that from_pretrained missed or did not expect.
"""

import json
import sys
from pathlib import Path

import torch
import transformers
from safetensors.torch import load_file, save_file

for argument in sys.argv[1:]:
    folder = Path(argument)
    name = json.loads((folder / "config.json").read_text())["architectures"][0]
    model, info = getattr(transformers, name).from_pretrained(folder, output_loading_info=True)
    model.eval()
    with torch.no_grad():
        logits = model(**load_file(folder / "inputs.safetensors")).logits
    save_file({"logits": logits.contiguous()}, folder / "logits.safetensors")
    report = {key: sorted(info[key]) for key in ("missing_keys", "unexpected_keys")}
    (folder / "report.json").write_text(json.dumps(report))
