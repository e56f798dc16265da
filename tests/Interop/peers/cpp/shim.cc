// What the official interoperability programs want of gRPC's own test library and do not need: Debian does not package that library.
#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace grpc_core {
namespace testing {
void InitializeStackTracer(const char*) {}
}  // namespace testing
}  // namespace grpc_core

namespace grpc_event_engine {
namespace experimental {
absl::Status InitializeTestingEventEngineFactory(absl::string_view) { return absl::OkStatus(); }
}  // namespace experimental
}  // namespace grpc_event_engine
