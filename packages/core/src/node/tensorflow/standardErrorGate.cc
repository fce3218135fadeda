// Holds back what native code writes to standard error while TensorFlow's library starts: its notes on oneDNN are
// printed by static initialisers, before any of its log settings applies. N-API, no dependency.
#include <node_api.h>
#include <stdio.h>
#include <unistd.h>

#include <string>

static int saved_descriptor = -1;
static FILE *held = nullptr;

// close(): from now on standard error goes to a temporary file. Answers whether it does.
static napi_value Close(napi_env env, napi_callback_info) {
  bool closed = false;
  if (saved_descriptor < 0 && (held = tmpfile()) != nullptr) {
    fflush(stderr);
    saved_descriptor = dup(STDERR_FILENO);
    closed = saved_descriptor >= 0 && dup2(fileno(held), STDERR_FILENO) >= 0;
  }
  napi_value result;
  napi_get_boolean(env, closed, &result);
  return result;
}

// open(): standard error is as before. Answers what was held back.
static napi_value Open(napi_env env, napi_callback_info) {
  std::string text;
  if (saved_descriptor >= 0) {
    fflush(stderr);
    dup2(saved_descriptor, STDERR_FILENO);
    close(saved_descriptor);
    saved_descriptor = -1;
  }
  if (held != nullptr) {
    rewind(held);
    char buffer[4096];
    for (size_t n; (n = fread(buffer, 1, sizeof buffer, held)) > 0;) text.append(buffer, n);
    fclose(held);
    held = nullptr;
  }
  napi_value result;
  napi_create_string_utf8(env, text.data(), text.size(), &result);
  return result;
}

NAPI_MODULE_INIT() {
  napi_property_descriptor properties[] = {
      {"close", nullptr, Close, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"open", nullptr, Open, nullptr, nullptr, nullptr, napi_default, nullptr},
  };
  napi_define_properties(env, exports, 2, properties);
  return exports;
}
