"""A deployed flow without Gladier: see what it needs, consent to what is missing, run it and watch it."""

from __future__ import annotations

import json
import sys

from jupyter_flowauth import FlowAuth


def main(auth: FlowAuth, flow_id: str, body: dict[str, object]) -> str:
    flow = auth.flow(flow_id)  # name the mapped collections that it reaches: auth.flow(flow_id, collections=[...])
    flow.consent()  # asks nobody if nothing is missing
    print(flow.required())
    run = flow.run(body, label="From a script")
    return run.wait()


if __name__ == "__main__":
    print(main(FlowAuth(), sys.argv[1], json.loads(sys.argv[2] if len(sys.argv) > 2 else "{}")))
