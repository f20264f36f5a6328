"""Overload in a small simulated service: what retries, queues, breakers and bulkheads come to.

- `service`       a service: workers, a queue, service times, and times at which it stands still or refuses
- `retries`       pauses before a retry: none, fixed, exponential, with jitter; and a budget
- `breaker`       the circuit breaker
- `clients`       clients that give up after a timeout and try again; whether and when service is back
- `dependencies`  a service that calls two others, with circuit breakers and bulkheads
- `measurements`  the claims about them
"""
