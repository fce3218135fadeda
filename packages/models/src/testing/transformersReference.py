"""Runs reference cases with Python's transformers.

Each argument is a folder with case.json {"class", "config", "seed"} and inputs.safetensors. Left there:
config.json and model.safetensors as transformers saves them, and golden.safetensors with logits, loss and the gradient of
every parameter that has one as "grad.<name>", all computed in evaluation mode (no dropout), eager attention, float32.
"""

import json
import sys
from pathlib import Path

import torch
import transformers
from safetensors.torch import load_file, save_file


def randomize(model):
    """Values far enough from the start of training that no gradient hides in rounding."""
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(True)
        noise = torch.randn(parameter.shape)
        gain = parameter.dim() == 1 and name.endswith("weight")
        parameter.data = 1 + 0.2 * noise if gain else 0.2 * noise
    for name, buffer in model.named_buffers():
        if name == "final_logits_bias":
            buffer.copy_(0.2 * torch.randn(buffer.shape))


def run(folder):
    case = json.loads((folder / "case.json").read_text())
    torch.manual_seed(case["seed"])
    model_class = getattr(transformers, case["class"])
    config = model_class.config_class(**case["config"], attn_implementation="eager")
    model = model_class(config)
    randomize(model)
    model.eval()
    model.save_pretrained(folder)

    inputs = load_file(folder / "inputs.safetensors")
    labels = inputs.pop("labels")
    if case["class"].endswith("ForMultipleChoice"):
        inputs = {name: value.view(len(labels), -1, value.shape[-1]) for name, value in inputs.items()}
    if case["class"].endswith("ForQuestionAnswering"):
        inputs |= {"start_positions": labels[:, 0], "end_positions": labels[:, 1]}
    else:
        inputs["labels"] = labels
    output = model(**inputs)
    output.loss.backward()

    golden = {f"grad.{name}": value.grad for name, value in model.named_parameters() if value.grad is not None}
    golden["loss"] = output.loss.detach().reshape(1)
    spans = "start_logits" in output
    logits = torch.stack([output.start_logits, output.end_logits], -1) if spans else output.logits
    golden["logits"] = logits.detach()
    save_file({name: value.contiguous() for name, value in golden.items()}, folder / "golden.safetensors")


for argument in sys.argv[1:]:
    run(Path(argument))
