"""PyTorch's side of the benchmark: one JSON request a line in, one JSON answer a line out.

    {"do": "prepare", "kind", "shape", "eps", and as base64 float32: "x", "g", "weight", "bias"}
    {"do": "outputs"}   -> the output and the gradients
    {"do": "run"}       -> {"ms": milliseconds of one step, measured here}
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

import torch.nn.functional as F


def decode(text):
    return torch.frombuffer(bytearray(base64.b64decode(text)), dtype=torch.float32)


def encode(tensor):
    # Through a list, so that numpy need not be installed.
    values = array("f", tensor.detach().contiguous().flatten().tolist())
    return base64.b64encode(values.tobytes()).decode()


class Case:
    def __init__(self, request):
        shape, eps = request["shape"], request["eps"]
        x, self.g = decode(request["x"]).view(shape), decode(request["g"]).view(shape)
        if request["kind"] == "batchNorm":
            # About half the time of the default layout, and its convolutions support it too.
            x, self.g = (t.contiguous(memory_format=torch.channels_last) for t in (x, self.g))
            self.norm = lambda x, w, b: F.batch_norm(x, None, None, w, b, True, 0.1, eps)
        else:
            self.norm = lambda x, w, b: F.layer_norm(x, shape[-1:], w, b, eps)
        parameters = (decode(request["weight"]), decode(request["bias"]))
        self.inputs = [t.requires_grad_() for t in (x, *parameters)]

    def step(self):
        output = self.norm(*self.inputs)
        loss = (output * self.g).sum()
        return output, loss, torch.autograd.grad(loss, self.inputs)

    def run(self):
        start = time.perf_counter()
        _, loss, grads = self.step()
        loss.item()
        del grads
        return {"ms": (time.perf_counter() - start) * 1e3}

    def outputs(self):
        output, _, grads = self.step()
        names = ("output", "gradX", "gradWeight", "gradBias")
        return {name: encode(t) for name, t in zip(names, (output, *grads))}


def main():
    torch.set_num_threads(1)
    print(json.dumps({"torch": torch.__version__}), flush=True)
    case = None
    for line in sys.stdin:
        request = json.loads(line)
        if request["do"] == "prepare":
            case, answer = Case(request), {}
        else:
            answer = case.run() if request["do"] == "run" else case.outputs()
        print(json.dumps(answer), flush=True)


main()
