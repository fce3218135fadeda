"""Full fine-tuning with transformers' own forward pass."""

from training import classifier


def build(request, dropout):
    return classifier(request, dropout)


def loss(model, batch, _options, _positions):
    return model(**batch).loss
