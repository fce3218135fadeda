"""LoRA on top of TokenTune's forward pass."""

from methods import lora, tokentune

build = lora.build
loss = tokentune.loss
