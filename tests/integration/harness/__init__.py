"""What the integration tests and the benchmark stand on: namespaces, processes, peers and a strict reader of metrics.

Nothing here sends a packet beyond loopback and the namespaces that it makes, and everything that it starts is
ended by process id.
"""
