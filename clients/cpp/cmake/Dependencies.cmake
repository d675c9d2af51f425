# What the client is made with, here and in the programs that use it. Debian's gRPC has no CMake package but a pkg-config
# file, as most distributions' have.
find_package(Threads REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(GRPCPP REQUIRED IMPORTED_TARGET grpc++ protobuf)
