"""A contestant of `leantune bench` over transformers and PEFT: `python peer.py METHOD`.

Reads one request a line from stdin and answers each with one line of JSON on stdout (see src/benchmark/protocol.ts):
`check` computes the loss and gradient of one batch without dropout, `prepare` makes model and optimiser, `turn` times
one training step. Between requests it blocks in a read and takes no processor time. METHOD is a file of `methods`.
"""

import importlib
import json
import os
import sys
import time

# Libraries print what they like: stdout is kept for answers.
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

import torch  # noqa: E402
import transformers  # noqa: E402
from training import Trainee  # noqa: E402

method = importlib.import_module(f"methods.{sys.argv[1]}")
trainee = None


def check(request):
    return Trainee(method, request, dropout=0.0).check()


def prepare(request):
    global trainee
    trainee = Trainee(method, request, dropout=request["dropout"])
    versions = {"python": sys.version.split()[0], "torch": torch.__version__, "transformers": transformers.__version__}
    if "peft" in sys.modules:
        versions["peft"] = sys.modules["peft"].__version__
    device = torch.cuda.get_device_name() if trainee.device.type == "cuda" else f"{torch.get_num_threads()} threads"
    return {"device": f"PyTorch {torch.__version__}, {device}", "deviceKind": trainee.device_kind, "versions": versions}


def turn(_request):
    start = time.perf_counter()
    loss = trainee.step()
    return {"ms": (time.perf_counter() - start) * 1000, "loss": loss}


handlers = {"check": check, "prepare": prepare, "turn": turn}

for line in sys.stdin:
    request = json.loads(line)
    try:
        answer = handlers[request["do"]](request)
    except Exception as error:  # the other side decides what to do about it
        answer = {"error": f"{type(error).__name__}: {error}"}
    answers.write(json.dumps(answer) + "\n")
    answers.flush()
