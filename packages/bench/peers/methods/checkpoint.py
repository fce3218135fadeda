"""Gradient checkpointing of every layer, transformers' own."""

from methods import full
from training import classifier

loss = full.loss


def build(request, dropout):
    model = classifier(request, dropout)
    model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    return model
