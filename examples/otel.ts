// Registers OpenTelemetry before a process loads any other module. Use it for programs whose code
// you cannot change:
//
// NODE_OPTIONS="--import ./examples/otel.ts" OTEL_SERVICE_NAME=joblib npx joblib serve
import { context, propagation, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { defaultResource, detectResources, envDetector } from "@opentelemetry/resources";
import { ConsoleSpanExporter, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";

// To send spans to a collector instead, use a BatchSpanProcessor with the OTLPTraceExporter of
// @opentelemetry/exporter-trace-otlp-http.
const processor = new SimpleSpanProcessor({ exporter: new ConsoleSpanExporter() });
const resource = defaultResource().merge(detectResources({ detectors: [envDetector] }));

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
propagation.setGlobalPropagator(new W3CTraceContextPropagator());
trace.setGlobalTracerProvider(new TracerProvider({ resource, spanProcessors: [processor] }));
