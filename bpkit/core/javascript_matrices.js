// What stands around the lines of a network of any size: its arrays, the order of work, mini-batches.

/**
 * A network with all parameters 0. `theta` holds everything that training changes: the weights layer by layer, the
 * biases, what the update rule remembers; `gradient` the derivatives with respect to the weights and biases, in the same
 * places. Both are seen layer by layer, from 1 on, as W (a row for each source), b, dW, db; net, out and delta have a
 * row for each sample. out[0] are the inputs. With `past` each hidden layer after the first has a way past it: `inner`
 * is its own output, `out` what it passes on, `dout` the derivatives with respect to that.
 * @param {number[]} sizes of the layers, inputs first
 * @param {string} hidden the activation of the hidden layers
 * @param {string} output that of the outputs
 */
export function make(sizes, hidden = Object.keys(HIDDEN)[0], output = Object.keys(OUTPUTS)[0], past = false) {
  if (sizes.length < 2 || sizes.at(-1) !== WIDTH || !HIDDEN[hidden] || !OUTPUTS[output]) {
    throw new RangeError(`make: expected layers that end with ${WIDTH} and known activations, got ${
      [...sizes, hidden, output]}`);
  }
  const last = sizes.length - 1, layers = Array.from({length: last}, (_, k) => k + 1);
  if (past && sizes.slice(1, -1).some((width) => width !== sizes[1])) {
    throw new RangeError(`make: expected hidden layers of one width, for the ways past them, got ${sizes}`);
  }
  const ways = past && last > 2, place = (l) => l === 1 ? "first" : l === last - 1 ? "last" : "between";
  const inside = (l) => ways ? PAST[place(l)][hidden] : HIDDEN[hidden];
  const model = {sizes, last, lines: [null, ...layers.map((l) => l === last ? OUTPUTS[output] : inside(l))]};
  model.rows = ["net", "out", "delta", ...(ways ? ["inner", "dout"] : [])];
  const size = (name, l) => SHAPES[ARRAYS[name]](sizes[l - 1], sizes[l]);
  const total = (names) => names.reduce((sum, name) => layers.reduce((all, l) => all + size(name, l), sum), 0);
  const names = Object.keys(ARRAYS), parameters = names.filter((name) => name === ARRAYS[name]);
  model.theta = new Float64Array(total(names) + COUNTS.length);
  model.gradient = new Float64Array(total(parameters));
  const seen = (names, prefix, whole) => {
    let end = 0;
    for (const name of names) {
      model[prefix + name] = [null, ...layers.map((l) => whole.subarray(end, end += size(name, l)))];
    }
    return end;
  };
  seen(parameters, "d", model.gradient);
  const end = seen(names, "", model.theta);
  COUNTS.forEach((name, k) => { model[name] = model.theta.subarray(end + k, end + k + 1); });
  hold(model, 1);
  return model;
}

/** Have room for so many samples. */
function hold(model, n) {
  if (n <= model.room) return;
  model.room = n;
  for (const name of model.rows) {
    model[name] = model.sizes.map((width, l) => l === 0 ? null : new Float64Array(n*width));
  }
}

/** Compute net and out of every layer for the first n rows of x; returns the outputs, a row for each sample. */
export function forward(model, x, n) {
  hold(model, n);
  model.out[0] = x;
  for (let l = 1; l <= model.last; l++) {
    for (const line of model.lines[l].forward) line(model, l, n);
  }
  return model.out[model.last];
}

/** The loss of the first n rows of x with the targets y. */
export function loss(model, x, y, n) {
  forward(model, x, n);
  model.targets = y;
  return model.lines[model.last].total(model, model.last, n);
}

/** Compute delta, dW and db of every layer, and return the loss. */
export function gradients(model, x, y, n) {
  const found = loss(model, x, y, n);
  backward(model, n);
  return found;
}

/** The way back from where `loss` has been. */
function backward(model, n) {
  for (let l = model.last; l > 0; l--) {
    for (const line of model.lines[l].backward) line(model, l, n);
  }
}

/** Change all parameters by the gradients that were computed; `constants` are the learning rate and the rule's own. */
export function update(model, constants) {
  for (const line of COUNTING) line(model);
  for (let l = 1; l <= model.last; l++) {
    for (const line of UPDATES) line(model, l, constants);
  }
}

/**
 * Train on the first n rows of x and y. Each update takes the next `batch` samples in their order, beginning with number
 * `first`; after the last one comes the first. Where `batch` is 0, or no less than n, it takes them all.
 * @returns {{losses: Float64Array, first: number, ended: boolean}} the loss over all n samples before the first update
 * and after each one, and the sample to go on with. Where a loss or a parameter leaves the floats, the run has `ended`:
 * the losses end before that, and the network is as it was then.
 */
export function train(model, x, y, n, constants, {updates = 1, batch = 0, first = 0} = {}) {
  const all = !(batch > 0 && batch < n), size = all ? n : batch, width = model.sizes[0], wide = y.length ? WIDTH : 0;
  const losses = new Float64Array(updates + 1), kept = model.theta.slice();
  const inputs = all ? x : new Float64Array(size*width), targets = all ? y : new Float64Array(size*wide);
  for (let made = 0; ; made++) {
    losses[made] = loss(model, x, y, n);
    if (!Number.isFinite(losses[made]) || !finite(model.theta)) {
      model.theta.set(kept);
      first = made ? (first + n - size) % n : first;
      return {losses: losses.slice(0, made), first, ended: true};
    }
    if (made === updates) return {losses, first, ended: false};
    kept.set(model.theta);
    if (!all) {
      for (let i = 0; i < size; i++) {
        const row = (first + i) % n;
        for (let k = 0; k < width; k++) inputs[i*width + k] = x[row*width + k];
        for (let k = 0; k < wide; k++) targets[i*wide + k] = y[row*wide + k];
      }
      forward(model, inputs, size);
      model.targets = targets;
    }
    backward(model, size);
    update(model, constants);
    first = (first + size) % n;
  }
}

function finite(numbers) {
  for (let p = 0; p < numbers.length; p++) if (!Number.isFinite(numbers[p])) return false;
  return true;
}

/**
 * Where each parameter is in `theta` and `gradient`, in the order of their names: w1, w2, .. by layer, target, source,
 * then the biases. @returns {number[]}
 */
export function order(model) {
  const places = [];
  let start = 0;
  for (let l = 1; l <= model.last; l++) {
    const before = model.sizes[l - 1], width = model.sizes[l];
    for (let j = 0; j < width; j++) {
      for (let k = 0; k < before; k++) places.push(start + k*width + j);
    }
    start += before*width;
  }
  while (start < model.gradient.length) places.push(start++);
  return places;
}

/**
 * Start anew: every weight drawn and multiplied by `scale` and the scheme's spread, in the order of their names; all
 * else 0. @param {() => number} normal draws a number
 */
export function initial(model, normal, scheme, scale = 1) {
  model.theta.fill(0);
  for (let l = 1; l <= model.last; l++) {
    const before = model.sizes[l - 1], width = model.sizes[l], spread = SPREADS[scheme](before, width);
    for (let j = 0; j < width; j++) {
      for (let k = 0; k < before; k++) model.W[l][k*width + j] = normal()*scale*spread;
    }
  }
}

/**
 * How large the derivatives of each layer are, as the root of their mean square, from the first layer on: those with
 * respect to its weights, and the deltas of all its neurons for the n samples of `gradients`.
 * @returns {{weights: number[], nets: number[]}}
 */
export function gradientSizes(model, n) {
  const deltas = model.delta.map((delta, l) => delta?.subarray(0, n*model.sizes[l]));  // there may be room for more
  const [weights, nets] = [model.dW, deltas].map((arrays) => arrays.slice(1).map(rootMeanSquare));
  return {weights, nets};
}

function rootMeanSquare(values) {
  const top = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  if (!Number.isFinite(top) || top === 0) return top;
  let sum = 0;  // divided first: what is small must not vanish by being squared
  for (const value of values) sum += (value/top)**2;
  return top*Math.sqrt(sum/values.length);
}
