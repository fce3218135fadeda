"""What all peers have in common: a classifier from a checkpoint, AdamW, and one training step."""

import os

import torch
from transformers import AutoConfig, AutoModelForSequenceClassification

torch.set_num_threads(int(os.environ.get("LEANTUNE_THREADS") or torch.get_num_threads()))


def classifier(request, dropout):
    """The float32 model that leantune saved in the request's folder, with one rate for every dropout."""
    config = AutoConfig.from_pretrained(request["checkpoint"])
    for name, value in vars(config).items():
        if name.endswith(("dropout", "dropout_prob", "pdrop")) and isinstance(value, (int, float)):
            setattr(config, name, dropout)
    return AutoModelForSequenceClassification.from_pretrained(request["checkpoint"], config=config)


class Trainee:
    """A model with its method and optimiser, and the one batch that it is trained on."""

    def __init__(self, method, request, dropout):
        torch.manual_seed(request["seed"])
        self.method = method
        self.request = request
        self.device_kind = request["deviceKind"]
        self.device = torch.device("cuda" if self.device_kind == "gpu" else "cpu")
        self.model = method.build(request, dropout).to(self.device).train()
        self.trained = [parameter for parameter in self.model.parameters() if parameter.requires_grad]
        self.optimizer = torch.optim.AdamW(
            self.trained, lr=request["learningRate"], weight_decay=request["weightDecay"]
        )

    def loss(self, positions=None):
        ids = torch.tensor(self.request["inputIds"], device=self.device)
        batch = {
            "input_ids": ids,
            "attention_mask": torch.ones_like(ids),
            "labels": torch.tensor(self.request["labels"], device=self.device),
        }
        return self.method.loss(self.model, batch, self.request["options"], positions)

    def check(self):
        """Loss and gradient norm of the batch: what both sides must agree on. Changes no parameter."""
        positions = self.request.get("positions")
        loss = self.loss(None if positions is None else torch.tensor(positions, device=self.device))
        loss.backward()
        squares = sum(
            float(parameter.grad.double().square().sum()) for parameter in self.trained if parameter.grad is not None
        )
        return {
            "loss": loss.item(),
            "gradientNorm": squares**0.5,
            "trainedParameters": sum(parameter.numel() for parameter in self.trained),
        }

    def step(self):
        """Forward, backward, clip, update; ends when the device has done all of it."""
        loss = self.loss()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.trained, self.request["maxGradNorm"])
        self.optimizer.step()
        self.optimizer.zero_grad()
        value = loss.item()
        if self.device.type == "cuda":
            torch.cuda.synchronize()
        return value
