"""Trains with Python's transformers under torch.autocast on the CPU.

Each argument is a folder with config.json and model.safetensors, inputs.safetensors, and run.json {"class", "steps",
"learningRate", "maxGradNorm", "dtype"}; every step is taken on the same batch, without dropout. Prints the losses of each as JSON.
"""

import json
import sys
from pathlib import Path

import torch
import transformers
from safetensors.torch import load_file


def train(folder):
    run = json.loads((folder / "run.json").read_text())
    model = getattr(transformers, run["class"]).from_pretrained(folder, attn_implementation="eager")
    model.eval()
    inputs = load_file(folder / "inputs.safetensors")
    optimizer = torch.optim.AdamW(model.parameters(), lr=run["learningRate"], weight_decay=0.0)
    dtype = getattr(torch, run["dtype"])
    scaler = torch.amp.GradScaler("cpu", enabled=dtype == torch.float16)
    losses = []
    for _ in range(run["steps"]):
        with torch.autocast("cpu", dtype=dtype):
            loss = model(**inputs).loss
        losses.append(loss.item())
        optimizer.zero_grad()
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        torch.nn.utils.clip_grad_norm_(model.parameters(), run["maxGradNorm"])
        scaler.step(optimizer)
        scaler.update()
    return losses


print(json.dumps([train(Path(argument)) for argument in sys.argv[1:]]))
