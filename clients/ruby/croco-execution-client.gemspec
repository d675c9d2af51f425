# frozen_string_literal: true

require_relative "lib/croco/execution_client/version"

Gem::Specification.new do |spec|
  spec.name = "croco-execution-client"
  spec.version = Croco::ExecutionClient::VERSION
  spec.summary = "The Ruby client of the execution service"
  spec.description = "Keeps the state of executions (tasks, batches, workflows) in the execution service, over gRPC."
  spec.authors = ["the execution service authors"]
  spec.license = "MIT"
  spec.homepage = "https://github.com/croco-dev/execution"
  spec.required_ruby_version = ">= 3.1"
  spec.files = Dir["lib/**/*.rb", "lib/**/*.json", "README.md", "LICENSE"]
  spec.add_dependency "google-protobuf", "~> 3.21"
  spec.add_dependency "googleapis-common-protos-types", ">= 1.4"
  spec.add_dependency "grpc", ">= 1.51", "< 2"
end
