"""Prints ids and offsets (UTF-16) that huggingface/tokenizers gives texts, as JSON.

    python offsetsReference.py FILE

FILE is a list in JSON: content of a tokenizer.json, and texts.
"""

import json
import sys

from tokenizers import Tokenizer


def placed(tokenizer, text):
    units = [0]
    for character in text:
        units.append(units[-1] + (2 if ord(character) > 0xFFFF else 1))
    encoded = tokenizer.encode(text, add_special_tokens=False)
    return {"ids": encoded.ids, "offsets": [[units[start], units[end]] for start, end in encoded.offsets]}


out = []
for case in json.load(open(sys.argv[1], encoding="utf-8")):
    tokenizer = Tokenizer.from_str(json.dumps(case["tokenizer"]))
    out.append([placed(tokenizer, text) for text in case["texts"]])
print(json.dumps(out))
