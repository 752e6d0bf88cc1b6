"""Serves a provider to the engine: like pulumi's own server, with faults of one line."""

import asyncio
import sys
import traceback
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc.aio
from pulumi.provider.experimental.provider import Provider
from pulumi.provider.experimental.server import ProviderServicer
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS
from pulumi.runtime.proto import provider_pb2_grpc

from infra.errors import UserError
from infra.local.provider.cloud import Refused

AT_ONCE = 16


class PlainFaults(grpc.aio.ServerInterceptor):  # type: ignore[misc]  # grpc has no types
    """Hands a fault's sentence to the engine; the default names the exception's class too."""

    async def intercept_service(
        self,
        continuation: Callable[[Any], Awaitable[Any]],
        handler_call_details: Any,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        """Wrap the handler of one call."""
        handler = await continuation(handler_call_details)
        if handler is None or not asyncio.iscoroutinefunction(handler.unary_unary):
            return handler
        serve = handler.unary_unary

        async def guarded(request: Any, context: Any) -> Any:  # noqa: ANN401
            try:
                return await serve(request, context)
            except (Refused, UserError) as error:
                await context.abort(grpc.StatusCode.UNKNOWN, str(error))
            except NotImplementedError as error:
                await context.abort(grpc.StatusCode.UNIMPLEMENTED, str(error))
            except Exception as error:  # noqa: BLE001  # a mistake of this program: say where
                where = traceback.extract_tb(error.__traceback__)[-1]
                told = f"{type(error).__name__}: {error} ({where.filename}:{where.lineno})"
                await context.abort(grpc.StatusCode.INTERNAL, f"embedded provider: {told}")

        return grpc.unary_unary_rpc_method_handler(
            guarded, handler.request_deserializer, handler.response_serializer
        )


async def serve(provider: Provider, version: str, arguments: list[str]) -> None:
    """Serve on a free port of loopback and print it; the engine is the last argument.

    Parameters
    ----------
    provider
        What answers.
    version
        Version of the Python package whose schemas are served.
    arguments
        What the engine started this process with.
    """
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(AT_ONCE))
    server = grpc.aio.server(interceptors=[PlainFaults()], options=_GRPC_CHANNEL_OPTIONS)
    servicer = ProviderServicer(arguments, version, provider, engine_address=arguments[-1])
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    await server.wait_for_termination()
