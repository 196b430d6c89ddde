// What generated lines call and Math lacks. A blank line parts the functions; javascript.py writes those that are called.

function softmax(own, ...nets) {
  const top = Math.max(...nets);
  let sum = 0;
  for (const net of nets) sum += Math.exp(net - top);
  return Math.exp(own - top)/sum;
}

function log_softmax(own, ...nets) {
  const top = Math.max(...nets), first = nets.indexOf(top);
  let rest = 0;
  for (let k = 0; k < nets.length; k++) if (k !== first) rest += Math.exp(nets[k] - top);
  return own - top - Math.log1p(rest);
}

function others(own, ...row) {
  const first = row.indexOf(own);
  let rest = 0;
  for (let k = 0; k < row.length; k++) if (k !== first) rest += row[k];
  return rest;
}

function row_max(...row) {
  return Math.max(...row);
}

function xlogy(x, y) {
  return x === 0 ? 0 : x*Math.log(y);
}

function xexp(x, z) {
  const root = Math.exp(z/2);  // e^z itself may leave the floats where the product does not
  return x === 0 ? 0 : x*root*root;
}

function ratio(x, y) {
  return x === 0 ? 0 : x/y;
}

function erf(x) {  // Abramowitz and Stegun 7.1.6, in which no terms cancel
  if (Math.abs(x) > 2) return Math.sign(x)*(1 - erfc(Math.abs(x)));
  let term = 2*x*Math.exp(-x*x)/Math.sqrt(Math.PI), sum = term;
  for (let n = 1; n < 50; n++) sum += term *= x*x/(n + 0.5);
  return sum;
}

function erfc(x) {  // Abramowitz and Stegun 7.1.14
  if (x <= 2) return 1 - erf(x);
  let fraction = x;
  for (let n = 60; n > 0; n--) fraction = x + n/2/fraction;
  return Math.exp(-x*x)/Math.sqrt(Math.PI)/fraction;
}

function gamma(x) {  // Lanczos' sum with g = 7
  if (x < 0.5) return Math.PI/(Math.sin(Math.PI*x)*gamma(1 - x));
  let sum = 0.99999999999980993;
  [676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905,
    -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7].forEach((part, k) => sum += part/(x + k));
  const root = Math.pow(x + 6.5, (x - 0.5)/2);
  return Math.sqrt(2*Math.PI)*root*Math.exp(-x - 6.5)*root*sum;
}
