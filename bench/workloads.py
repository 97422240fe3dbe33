"""The same work for each runner: independent commands, and layers in which every node needs three of the layer before."""
import json
import os

FAN = 3
STRIDE = 7


def flat(count):
    """[(name, [names it needs])]"""
    return [(f"t{i}", []) for i in range(count)]


def layers(depth, width):
    def needs(layer, i):
        return [f"t{layer - 1}_{(i + k * STRIDE) % width}" for k in range(FAN)] if layer else []

    return [(f"t{layer}_{i}", needs(layer, i)) for layer in range(depth) for i in range(width)]


def write_plan(path, nodes, command="true", workstream="bench"):
    tasks = {name: {"run": command, **({"needs": needs} if needs else {})} for name, needs in nodes}
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="ascii") as file:
        json.dump({"workstream": workstream, "tasks": tasks}, file, indent=0)


def write_ninja(directory, nodes, command="true"):
    os.makedirs(directory, exist_ok=True)
    with open(os.path.join(directory, "build.ninja"), "w", encoding="ascii") as file:
        file.write(f"ninja_required_version = 1.5\nrule r\n  command = {command}\n")
        for name, needs in nodes:
            file.write(f"build {name}: r {' '.join(needs)}".rstrip() + "\n")
