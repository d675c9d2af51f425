"""
A program with OpenTelemetry of its own: it creates an execution within a span, and then does its work as a worker.

    python program.py ADDRESS
"""

import asyncio
import sys

from execution_client import AsyncExecutionClient, AsyncJob, ExecutionClient, ExecutionNotFound, Worker
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

NOBODY = "0190a3c4-5b6c-7d3e-8f00-112233445566"


async def main(address: str) -> None:
    tracer = trace.get_tracer("program")
    worker = Worker(address, worker_id="traced")

    @worker.task("traced")
    async def work(job: AsyncJob) -> None:
        async with AsyncExecutionClient(address) as client:
            await client.create("child", parent_id=job.id)

    async with AsyncExecutionClient(address) as client:
        with tracer.start_as_current_span("order"):
            created = await client.create("traced")
        running = asyncio.create_task(worker.run())
        await client.wait(created.id, timeout=60)
        worker.stop()
        await running
    with ExecutionClient(address) as blocking, tracer.start_as_current_span("look"):
        try:
            blocking.get(NOBODY)
        except ExecutionNotFound:
            print(created.id, created.trace_parent)


if __name__ == "__main__":
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    asyncio.run(main(sys.argv[1]))
    provider.shutdown()
