"""Prints the windows that Hugging Face's run_qa (prepare_train_features) makes of questions, as JSON.

    python runQaReference.py FILE

FILE is a list in JSON: the tokenizer's folder, maxLength, stride, and rows of question, context and the first answer with the
index of its first character (UTF-16). Indices that are printed are in UTF-16 too.
"""

import json
import sys

from transformers import AutoTokenizer



def units(text):
    """For every code point of a text, and its end, the index in UTF-16."""
    places = [0]
    for character in text:
        places.append(places[-1] + (2 if ord(character) > 0xFFFF else 1))
    return places


def label(offsets, sequence_ids, answer):
    start_char, end_char = answer
    start = sequence_ids.index(1)
    end = len(sequence_ids) - 1 - sequence_ids[::-1].index(1)
    if not (offsets[start][0] <= start_char and offsets[end][1] >= end_char):
        return [0, 0]
    # run_qa walks on: to the padding where the answer begins in the last token (the separator's offsets are (0, 0)), and
    # into the question where no special token stands between.
    first, stop = start, end + 1
    while start < stop and offsets[start][0] <= start_char:
        start += 1
    while end >= first and offsets[end][1] >= end_char:
        end -= 1
    return [start - 1, end + 1]


def windows_of(asked):
    tokenizer = AutoTokenizer.from_pretrained(asked["folder"], use_fast=True)
    out = []
    for row in asked["rows"]:
        encoded = tokenizer(
            row["question"].lstrip(),
            row["context"],
            truncation="only_second",
            max_length=asked["maxLength"],
            stride=asked["stride"],
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
            return_token_type_ids=True,
        )
        places = units(row["context"])
        point = {unit: index for index, unit in enumerate(places)}
        answer = (point[row["start"]], point[row["start"] + len(row["answer"].encode("utf-16-le")) // 2])
        windows = []
        for index, offsets in enumerate(encoded["offset_mapping"]):
            sequence_ids = encoded.sequence_ids(index)
            own = [offset for offset, sequence in zip(offsets, sequence_ids) if sequence == 1]
            windows.append(
                {
                    "ids": encoded["input_ids"][index],
                    "types": encoded["token_type_ids"][index],
                    "offsets": [[places[start], places[end]] for start, end in own],
                    "label": label(offsets, sequence_ids, answer),
                }
            )
        out.append(windows)
    return out


print(json.dumps([windows_of(asked) for asked in json.load(open(sys.argv[1], encoding="utf-8"))]))
