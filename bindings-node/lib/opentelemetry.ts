// Numbers of sessions for OpenTelemetry, by its API package (`npm install @opentelemetry/api`).
import type { Attributes, MeterProvider } from '@opentelemetry/api'

import type { EventListener, SessionEvent } from './events.js'

/**
 * What a front takes as its `onEvent`; default provider is the global one. `shortcrust.session.events` counts events by
 * `shortcrust.event`, `.reason`, `.format`, `.key` (0 is the newest secret) and `.store`; `shortcrust.session.duration`
 * is a histogram of seconds by `shortcrust.event` and `.store`.
 */
export function sessionMetrics(provider: MeterProvider = globalProvider()): EventListener {
  const meter = provider.getMeter('shortcrust')
  const events = meter.createCounter('shortcrust.session.events', {
    unit: '{event}',
    description: 'What happened to sessions.',
  })
  const duration = meter.createHistogram('shortcrust.session.duration', {
    unit: 's',
    description: 'The time that sessions take.',
  })
  return (event) => {
    const shared = known({ 'shortcrust.event': event.name, 'shortcrust.store': event.store })
    duration.record(event.duration, shared)
    const { reason, format, key } = event
    const more = { 'shortcrust.reason': reason, 'shortcrust.format': format, 'shortcrust.key': key }
    events.add(weight(event), { ...shared, ...known(more) })
  }
}

/** The API package is looked for only here: who loads all of our modules may not have it. */
function globalProvider(): MeterProvider {
  const api: typeof import('@opentelemetry/api') = require('@opentelemetry/api')
  return api.metrics.getMeterProvider()
}

function known(attributes: Attributes): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined))
}

/** Ten sessions that are swept are ten events; a merge is one. */
function weight({ name, count }: SessionEvent): number {
  return name === 'revoked' || name === 'swept' ? (count ?? 1) : 1
}
