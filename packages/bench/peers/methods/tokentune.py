"""TokenTune (Simoulin et al. 2024, arXiv 2501.18824) for BERT, written from the paper: equations (6)-(11), Algorithm 1.

Every layer runs twice: over the tokens that are not selected, without gradients, and over the k selected ones. Queries
of both groups see the keys and values of all tokens, of which those that are not selected are constants. The pooler
reads the mean over the selected tokens, and the loss comes from them alone.
"""

import torch
from torch.nn import functional as F
from training import classifier

DEFAULT_TOKENS = 16
# Other values of these options are not computed here.
FIXED = {"head": "mean", "among": "all", "redraw": True, "scaleGradient": False, "reference": False}


def build(request, dropout):
    return classifier(request, dropout)


def loss(model, batch, options, positions):
    given = options["tokentune"]
    other = {name: given[name] for name in given if name != "tokens" and given[name] != FIXED.get(name)}
    if other:
        raise NotImplementedError(f"this peer has no {other}")
    ids, mask = batch["input_ids"], batch["attention_mask"]
    if positions is None:
        positions = draw(mask, given.get("tokens", DEFAULT_TOKENS))
    classifier_model = model.get_base_model() if hasattr(model, "get_base_model") else model
    bert = classifier_model.bert
    selected = run_layers(bert, ids, mask, positions)
    pooled = bert.pooler(selected.mean(1, keepdim=True))
    logits = classifier_model.classifier(classifier_model.dropout(pooled))
    return F.cross_entropy(logits, batch["labels"])


def draw(mask, tokens):
    """The first token and `tokens` - 1 random ones of the real others, ascending: [batch, tokens]."""
    chances = torch.rand(mask.shape, device=mask.device) * mask
    chances[:, 0] = 2  # above all others
    return chances.topk(tokens, dim=1).indices.sort(dim=1).values


def remaining(positions, length):
    """The positions that are not selected, ascending: [batch, length - tokens]."""
    selected = torch.zeros(len(positions), length, device=positions.device).scatter_(1, positions, 1.0)
    return selected.argsort(dim=1, stable=True)[:, : length - positions.shape[1]]


def run_layers(bert, ids, mask, positions):
    """Hidden states of the selected tokens after the last layer: [batch, tokens, features]."""
    rest = remaining(positions, ids.shape[1])
    with torch.no_grad():
        constant = bert.embeddings(input_ids=ids.gather(1, rest), position_ids=rest)
    trained = bert.embeddings(input_ids=ids.gather(1, positions), position_ids=positions)
    keys_mask = None
    if not mask.all():
        ordered = torch.cat([mask.gather(1, rest), mask.gather(1, positions)], dim=1)
        keys_mask = ordered[:, None, None, :].bool()
    for layer in bert.encoder.layer:
        attention = layer.attention.self
        with torch.no_grad():
            query, *constants = projections(attention, constant)
        trained_query, *own = projections(attention, trained)
        keys, values = (torch.cat(pair, dim=2) for pair in zip(constants, own))
        with torch.no_grad():
            constant = after_attention(layer, constant, attend(attention, query, keys, values, keys_mask))
        trained = after_attention(layer, trained, attend(attention, trained_query, keys, values, keys_mask))
    return trained


def projections(attention, hidden):
    """Queries, keys and values: [batch, heads, tokens, size] each."""
    return [
        linear(hidden).unflatten(2, (attention.num_attention_heads, attention.attention_head_size)).transpose(1, 2)
        for linear in (attention.query, attention.key, attention.value)
    ]


def attend(attention, query, keys, values, mask):
    context = F.scaled_dot_product_attention(query, keys, values, attn_mask=mask, dropout_p=attention.dropout.p)
    return context.transpose(1, 2).flatten(2)


def after_attention(layer, hidden, context):
    """Output projection, residual and norm, then the feed-forward block."""
    attended = layer.attention.output(context, hidden)
    return layer.output(layer.intermediate(attended), attended)
