# Makes the stubs from the contract, in ${STUBS}. They are not committed: C++ stubs fit only the protobuf that made them.

find_program(PROTOC protoc REQUIRED)
find_program(GRPC_CPP_PLUGIN grpc_cpp_plugin REQUIRED)
set(STUBS "${PROJECT_BINARY_DIR}/stubs")

# stubs_of(<variable> <folder of the proto> <path of the proto in it> [GRPC]) adds what is made to a list.
function(stubs_of variable root path)
  string(REGEX REPLACE "\\.proto$" "" base "${path}")
  set(files "${STUBS}/${base}.pb.cc" "${STUBS}/${base}.pb.h")
  set(arguments "--proto_path=${root}" "--cpp_out=${STUBS}")
  if("GRPC" IN_LIST ARGN)
    list(APPEND files "${STUBS}/${base}.grpc.pb.cc" "${STUBS}/${base}.grpc.pb.h")
    list(APPEND arguments "--plugin=protoc-gen-grpc=${GRPC_CPP_PLUGIN}" "--grpc_out=${STUBS}")
  endif()
  add_custom_command(OUTPUT ${files} COMMAND "${PROTOC}" ${arguments} "${root}/${path}" DEPENDS "${root}/${path}" VERBATIM)
  set(${variable} ${${variable}} ${files} PARENT_SCOPE)
endfunction()

file(MAKE_DIRECTORY "${STUBS}")
set(made)
stubs_of(made "${CROCO_EXECUTION_PROTO}" croco/execution/v1/error_reason.proto)
stubs_of(made "${CROCO_EXECUTION_PROTO}" croco/execution/v1/execution.proto)
stubs_of(made "${CROCO_EXECUTION_PROTO}" croco/execution/v1/execution_service.proto GRPC)
stubs_of(made "${CROCO_EXECUTION_PROTO}" croco/execution/v1/worker_service.proto GRPC)
stubs_of(made "${PROJECT_SOURCE_DIR}/src" rpc_details.proto)

add_library(croco_execution_stubs OBJECT ${made})
target_include_directories(croco_execution_stubs PUBLIC "${STUBS}")
target_link_libraries(croco_execution_stubs PUBLIC PkgConfig::GRPCPP)
set_target_properties(croco_execution_stubs PROPERTIES COMPILE_WARNING_AS_ERROR OFF)
