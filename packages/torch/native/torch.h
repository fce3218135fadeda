// What every file includes; compiled once, ahead of them. A guard and not `#pragma once`, which a precompiled header
// does not carry over to the header's text.
#ifndef LEANTUNE_TORCH_H
#define LEANTUNE_TORCH_H

#include <ATen/Functions.h>
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#endif
