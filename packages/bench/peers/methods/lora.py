"""LoRA with PEFT: the adapter that leantune saved, trained on."""

from methods import full
from peft import PeftModel
from training import classifier

loss = full.loss


def build(request, dropout):
    return PeftModel.from_pretrained(classifier(request, dropout), request["adapter"], is_trainable=True)
