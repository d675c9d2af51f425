# frozen_string_literal: true

module Croco
  class ExecutionClient
    VERSION = "0.1.0"
  end
end
