# frozen_string_literal: true

module Croco
  class ExecutionClient
    # The headers that a program sends with its calls, most of all those of its traces, and which it may not send.
    module Headers
      # Of the client, of gRPC and of HTTP/2 (RFC 9113, 8.2.2); "-bin" are bytes.
      TAKEN = /\A(?:authorization|grpc-.*|.*-bin|(?:accept|transfer)-encoding|content-(?:length|type)|
        (?:proxy-)?connection|keep-alive|upgrade|http2-settings|host|te|user-agent)\z/x
      NAME = /\A[0-9a-z_.-]+\z/
      # What arrives as it was: printable, and with no space at an end, which HTTP takes off.
      TEXT = /\A(?! )[ -~]*(?<! )\z/

      module_function

      # What to send of +answer+, which the program's function gave. Raises ArgumentError, or TypeError if it is no Hash.
      def of(answer)
        # nil neither: it is what a propagator's inject answers.
        raise TypeError, "metadata has to answer a Hash, not #{answer.class}." unless answer.respond_to?(:to_hash)

        answer.to_hash.to_h { |name, text| [checked_name(name), checked_text(name, text)] }
      end

      def checked_name(name)
        lower = name.to_s.downcase(:ascii)
        return lower if lower.ascii_only? && NAME.match?(lower) && !TAKEN.match?(lower)

        raise ArgumentError, "metadata may not set the header #{name.inspect}."
      end

      def checked_text(name, text)
        return text if text.is_a?(String) && text.ascii_only? && TEXT.match?(text)

        raise ArgumentError, "metadata has to answer printable ASCII for the header #{name.inspect}, with no space at an end."
      end
      private_class_method :checked_name, :checked_text
    end
  end
end
