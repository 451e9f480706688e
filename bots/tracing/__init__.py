"""Traces by OpenTelemetry: `[otel]`, and what sends spans to a collector."""
