// One input, or several with NumPy's broadcasting, element by element.
#include "kernel.h"

using namespace leantune;

namespace {
// tfjs computes these in float32 whatever the input is.
at::Tensor floating(const at::Tensor& x) { return x.is_floating_point() ? x : x.to(at::kFloat); }
}  // namespace

#define UNARY(name, expression)       \
  KERNEL(name) {                      \
    const at::Tensor x = in.tensor(); \
    return expression;                \
  }

#define BINARY(name, expression)      \
  KERNEL(name) {                      \
    const at::Tensor a = in.tensor(); \
    const at::Tensor b = in.tensor(); \
    return expression;                \
  }

UNARY(Abs, at::abs(x))
UNARY(Acos, at::acos(x))
UNARY(Acosh, at::acosh(x))
UNARY(Asin, at::asin(x))
UNARY(Asinh, at::asinh(x))
UNARY(Atan, at::atan(x))
UNARY(Atanh, at::atanh(x))
UNARY(Ceil, at::ceil(x))
UNARY(Cos, at::cos(x))
UNARY(Cosh, at::cosh(x))
UNARY(Elu, at::elu(floating(x)))
UNARY(Erf, at::erf(x))
UNARY(Exp, at::exp(x))
UNARY(Expm1, at::expm1(x))
UNARY(Floor, at::floor(x))
UNARY(IsFinite, at::isfinite(x))
UNARY(IsInf, at::isinf(x))
UNARY(IsNan, at::isnan(x))
UNARY(Log, at::log(x))
UNARY(Log1p, at::log1p(x))
UNARY(LogicalNot, at::logical_not(x))
UNARY(Neg, at::neg(x))
UNARY(OnesLike, at::ones_like(x))
UNARY(Reciprocal, at::reciprocal(x))
UNARY(Relu, at::relu(x))
UNARY(Relu6, at::clamp(x, 0, 6))
UNARY(Round, at::round(x))  // half to even, as tfjs
UNARY(Rsqrt, at::rsqrt(x))
UNARY(Selu, at::selu(floating(x)))
UNARY(Sigmoid, at::sigmoid(x))
UNARY(Sign, at::sign(x))
UNARY(Sin, at::sin(x))
UNARY(Sinh, at::sinh(x))
UNARY(Softplus, at::softplus(floating(x)))
UNARY(Sqrt, at::sqrt(x))
UNARY(Square, at::mul(x, x))
UNARY(Tan, at::tan(x))
UNARY(Tanh, at::tanh(x))
UNARY(ZerosLike, at::zeros_like(x))

BINARY(Add, at::add(a, b))
BINARY(Atan2, at::atan2(a, b))
BINARY(Equal, at::eq(a, b))
BINARY(Greater, at::gt(a, b))
BINARY(GreaterEqual, at::ge(a, b))
BINARY(Less, at::lt(a, b))
BINARY(LessEqual, at::le(a, b))
BINARY(LogicalAnd, at::logical_and(a, b))
BINARY(LogicalOr, at::logical_or(a, b))
BINARY(LogicalXor, at::logical_xor(a, b))
BINARY(Maximum, at::maximum(a, b))
BINARY(Minimum, at::minimum(a, b))
BINARY(Mod, at::remainder(a, b))  // the sign of the divisor, as tfjs
BINARY(Multiply, at::mul(a, b))
BINARY(NotEqual, at::ne(a, b))
BINARY(Pow, at::pow(a, b))
BINARY(Prelu, at::where(a.lt(0), a * b, a))
BINARY(RealDiv, at::div(a, b))
BINARY(Sub, at::sub(a, b))

// The quotient is taken in float32, so that a division of integers by 0 is no error, as on tfjs's own backends.
BINARY(FloorDiv, at::floor(at::div(a, b)).to(at::promote_types(a.scalar_type(), b.scalar_type())))

KERNEL(SquaredDifference) {
  const Tensor a = in.tensor();
  const Tensor b = in.tensor();
  const Tensor difference = at::sub(a, b);
  return at::mul(difference, difference);
}

KERNEL(AddN) {
  const Tensors terms = in.tensors();
  Tensor sum = terms.front();
  for (size_t i = 1; i < terms.size(); i++) sum = at::add(sum, terms[i]);
  return sum;
}

KERNEL(Cast) {
  const Tensor x = in.tensor();
  return x.to(in.dtype());
}

KERNEL(ClipByValue) {
  const Tensor x = in.tensor();
  const double low = in.number();
  return at::clamp(x, low, in.number()).to(x.scalar_type());
}

KERNEL(LeakyRelu) {
  const Tensor x = floating(in.tensor());
  return at::leaky_relu(x, in.number());
}

// 1 where x > 0, else alpha; NaN stays.
KERNEL(Step) {
  const Tensor x = in.tensor();
  const double alpha = in.number();
  const Tensor steps = at::where(x.gt(0), at::ones({}, x.options()), at::full({}, alpha, x.options()));
  return at::where(at::isnan(x), x, steps);
}

KERNEL(Select) {
  Tensor condition = in.tensor();
  const Tensor chosen = in.tensor();
  const Tensor other = in.tensor();
  // A vector of conditions chooses rows.
  if (condition.dim() == 1 && chosen.dim() > 1) {
    Sizes rows(chosen.dim(), 1);
    rows[0] = condition.size(0);
    condition = condition.view(rows);
  }
  return at::where(condition.to(at::kBool), chosen, other);
}
