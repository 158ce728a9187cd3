"""PyTorch's side of the benchmark: one JSON request a line in, one JSON answer a line out.

    {"do": "prepare", "id", "case"}    the case as in case.ts, its arrays of numbers in base64
    {"do": "outputs", "id"}            -> what one step computes, as base64 by name
    {"do": "run", "id"}                -> {"ms": milliseconds of the steps of one run, measured here}
    {"do": "release", "id"}

The one argument is the number of threads. A case that PyTorch has not is answered {"unknown": true}.
"""

import base64
import json
import sys
import time
from array import array

try:
    import torch
except ImportError:
    sys.exit(3)

import torch.nn as nn
import torch.nn.functional as F


def decode(values):
    data = torch.frombuffer(bytearray(base64.b64decode(values["data"])), dtype=torch.float32)
    return data.view(values["shape"])


def encode(tensor):
    # Through a list, so that numpy need not be installed.
    values = array("f", tensor.detach().contiguous().flatten().tolist())
    return base64.b64encode(values.tobytes()).decode()


def channels_last(tensor):
    return tensor.contiguous(memory_format=torch.channels_last) if tensor.dim() == 4 else tensor


def norm(layer):
    """The norm as a function of x, weight and bias, and whether channels last is its faster layout."""
    options = layer["options"]
    eps = options.get("eps")
    if layer["id"] == "batchNorm":
        running = (torch.zeros(options["numFeatures"]), torch.ones(options["numFeatures"]))
        return lambda x, w, b: F.batch_norm(x, *running, w, b, True, options["momentum"], eps), True
    if layer["id"] == "groupNorm":
        return lambda x, w, b: F.group_norm(x, options["numGroups"], w, b, eps), False
    if layer["id"] == "instanceNorm":
        return lambda x, w=None, b=None: F.instance_norm(x, None, None, w, b, True, 0.1, eps), False
    if layer["id"] == "layerNorm":
        shape = options["normalizedShape"]
        shape = shape if isinstance(shape, list) else [shape]
        return lambda x, w, b: F.layer_norm(x, shape, w, b, eps), False
    return None


def function(layer):
    kind = layer["kind"]
    if kind == "norm":
        found = norm(layer)
        if found is None or layer.get("activation") != "relu":
            return found
        return lambda *inputs: F.relu(found[0](*inputs)), found[1]
    if kind == "matmul":
        return torch.matmul, False
    if kind == "add":
        return torch.add, False
    if kind == "conv2d":
        stride, padding = layer["stride"], layer["padding"]
        return lambda x, w: F.conv2d(x, w, None, stride, padding), True
    if kind == "maxPool2d":
        return lambda x: F.max_pool2d(x, layer["kernelSize"]), True
    if kind == "avgPool2d":
        return lambda x: F.avg_pool2d(x, layer["kernelSize"]), True
    return None


class Layer:
    def __init__(self, case, found):
        self.function, last = found
        place = channels_last if last else (lambda t: t)
        self.inputs = {k: place(decode(v)).requires_grad_() for k, v in case["inputs"].items()}
        self.g = place(decode(case["g"]))

    def step(self):
        inputs = list(self.inputs.values())
        output = self.function(*inputs)
        return output, torch.autograd.grad(output, inputs, self.g)

    def outputs(self):
        output, grads = self.step()
        named = {f"grad {k}": encode(g) for k, g in zip(self.inputs, grads)}
        return {"output": encode(output), **named}


class Block(nn.Module):
    def __init__(self, inside, out, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inside, out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(out)
        self.conv2 = nn.Conv2d(out, out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out)
        other = [nn.Conv2d(inside, out, 1, stride, bias=False), nn.BatchNorm2d(out)]
        self.shortcut = nn.Sequential(*([] if stride == 1 and inside == out else other))

    def forward(self, x):
        inner = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.shortcut(x) + self.bn2(self.conv2(inner)))


class ResNet20(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        stage = lambda inside, out, stride: nn.Sequential(
            Block(inside, out, stride), Block(out, out, 1), Block(out, out, 1)
        )
        self.layer1, self.layer2, self.layer3 = stage(16, 16, 1), stage(16, 32, 2), stage(32, 64, 2)
        self.linear = nn.Linear(64, 10)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.linear(x.mean((2, 3)))


def lab():
    block = lambda inside, out: [nn.Conv2d(inside, out, 3, 1, 1), nn.BatchNorm2d(out), nn.ReLU()]
    layers = [*block(3, 16), nn.MaxPool2d(2), *block(16, 32), nn.MaxPool2d(2), *block(32, 32)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(32 * 4 * 4, 10))


NETWORKS = {
    "resnet20": ResNet20,
    "lab": lab,
    "2-16-1": lambda: nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 1)),
}


class Train:
    def __init__(self, case):
        self.model = NETWORKS[case["network"]]()
        self.model.load_state_dict({k: decode(v) for k, v in case["state"].items()})
        self.model = self.model.to(memory_format=torch.channels_last)
        self.x = decode(case["x"])
        if self.x.dim() == 4:
            self.x = self.x.contiguous(memory_format=torch.channels_last)
        classes = isinstance(case["target"], list)
        self.target = torch.tensor(case["target"]) if classes else decode(case["target"])
        self.loss = F.cross_entropy if classes else F.mse_loss
        sgd = case.get("sgd")
        self.optimizer = torch.optim.SGD(self.model.parameters(), **sgd) if sgd else None

    def gradients(self):
        self.model.zero_grad(set_to_none=True)
        loss = self.loss(self.model(self.x), self.target)
        loss.backward()
        return loss

    def step(self):
        loss = self.gradients()
        if self.optimizer:
            self.optimizer.step()
        loss.item()

    def outputs(self):
        loss = self.gradients()
        grads = {f"grad {k}": encode(p.grad) for k, p in self.model.named_parameters()}
        return {"loss": encode(loss), **grads}


def prepare(case):
    if case["type"] == "train":
        return Train(case)
    found = function(case["layer"])
    return found and Layer(case, found)


def run(prepared, repeat):
    start = time.perf_counter()
    for _ in range(repeat):
        prepared.step()
    return {"ms": (time.perf_counter() - start) * 1e3}


def main():
    torch.set_num_threads(int(sys.argv[1]))
    print(json.dumps({"torch": torch.__version__}), flush=True)
    prepared = {}
    for line in sys.stdin:
        request = json.loads(line)
        do, number = request["do"], request["id"]
        answer = {}
        if do == "prepare":
            made = prepare(request["case"])
            prepared[number] = (made, request["case"].get("repeat", 1))
            answer = {} if made else {"unknown": True}
        elif do == "release":
            del prepared[number]
        else:
            one, repeat = prepared[number]
            answer = run(one, repeat) if do == "run" else one.outputs()
        print(json.dumps(answer), flush=True)


main()
