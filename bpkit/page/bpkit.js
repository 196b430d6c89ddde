// The live half of bpkit: controls, five parts that draw, and the apps made of them. It owns pixels alone. What is
// computed it gets as programs printed from the derivation's lines, what is said as templates with holes for numbers.
// One file, no dependency, no build step: a notebook loads it as an anywidget, a saved page holds it inline.

// ---------------------------------------------------------------------------------------------------- building blocks

const SVG = "http://www.w3.org/2000/svg";

/**
 * Give a node attributes; those that stand already are left alone. `text` is its text, `on` its listeners.
 * @param {Element} node
 * @param {Object<string, any>} attributes null or false takes one away
 */
export function set(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "text") {
      // The text that is there changes: a new node would have to be laid out from the start.
      const own = node.childNodes.length === 1 && !node.childElementCount ? node.firstChild : node;
      if (own.textContent !== String(value)) own.textContent = value;
    } else if (name === "on") {
      for (const [event, heard] of Object.entries(value)) node.addEventListener(event, heard);
    } else if (value === null || value === undefined || value === false) {
      node.removeAttribute(name);
    } else if (node.getAttribute(name) !== String(value === true ? "" : value)) {
      node.setAttribute(name, value === true ? "" : value);
    }
  }
  return node;
}

/** An HTML element with attributes and children. @returns {HTMLElement} */
export function element(tag, attributes = {}, ...children) {
  const node = set(document.createElement(tag), attributes);
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** An SVG element with attributes and children. @returns {SVGElement} */
export function drawn(tag, attributes = {}, ...children) {
  const node = set(document.createElementNS(SVG, tag), attributes);
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

// ------------------------------------------------------------------------------------------------------------ numbers

const USUAL_DIGITS = 6; // of a page, in which 0.9999999 is 1
const HALF_BELOW_ONE = 2 ** -53; // half of the distance between 1 and the float below it
const LONGEST_TYPED = 400, LONGEST_NUMBER = 60, LONGEST_SAID = 40; // characters
const MOST_PARTS = 150, MOST_BRACKETS = 60; // of a formula
const LARGEST_POWER = 300, LARGEST_CONSTANT = 1e12, LARGEST_EXPONENT = 8;
const MOST_FIGURES = 12; // of a fraction or a formula, whose decimals may go on for ever
const EXACT_FIGURES = 3;  // of a formula's value
const TYPED_FUNCTIONS = new Map([
  ["exp", Math.exp], ["log", Math.log], ["ln", Math.log], ["tanh", Math.tanh], ["sqrt", Math.sqrt], ["abs", Math.abs],
  ["sigmoid", (z) => Math.exp(Math.min(0, z)) / (1 + Math.exp(-Math.abs(z)))], ["relu", (z) => Math.max(0, z)],
]);

/** A number to so many significant digits, as Python writes `%.6g`: 0.0851429, 6.87323e-05. */
export function format(value, digits = USUAL_DIGITS) {
  const number = Number(value) + 0; // + 0 turns a negative zero round
  return Number.isFinite(number) ? laidOut(rounded(number, digits), digits, 2) : beyond(number);
}

/** The fewest digits that give a number back exactly, as people type it: 20, 0.1, 1e-9. */
export function exactly(value) {
  if (!Number.isFinite(value)) return beyond(value);
  return Object.is(value, -0) ? "-0" : laidOut(value.toExponential(), 16, 1);
}

/** A number; where its digits would make it 1 although it is less, its distance from 1: `1 - 3.39827e-09`. */
export function nearOne(value, digits = USUAL_DIGITS) {
  // The last two floats before 1 are 1 itself: a sum such as 0.2 + 0.2 - 1.4 ends there by rounding.
  if (Math.abs(value) >= 1 - 2 * HALF_BELOW_ONE || !roundsToOne(value, digits)) return format(value, digits);
  const left = 1 - Math.abs(value);
  return apart(value, format(left, Math.max(1, Math.min(digits, Math.floor(Math.log10(left / HALF_BELOW_ONE))))));
}

/** Would so many digits, but no more than a page has, make it 1 or -1? */
export function roundsToOne(value, digits) {
  return format(Math.abs(value), Math.min(digits, USUAL_DIGITS)) === "1";
}

/** A number near 1 or -1 by what it leaves to it. */
export function apart(value, left) {
  return value > 0 ? `1 - ${left}` : `-1 + ${left}`;
}

/** A negative number, one with a power of ten, or a difference, in brackets: it stands inside a formula. */
export function bracketed(text) {
  return /^-|[e ]/.test(text) ? `(${text})` : text;
}

/** The same where it is a term of a sum, in which a power of ten is plain. */
export function asTerm(text) {
  return /^\d[^ ]*$/.test(text) ? text : bracketed(text);
}

/**
 * A template with its holes filled: `{w1}`, `{w1|4}` with so many digits, `{w1|near}` never 1 by rounding, `{w1|in}`
 * in brackets inside a formula, `{w1|term}` in a sum, where a power of ten needs none; `{{` and `}}` are braces.
 * @param {Object<string, number>} numbers
 */
export function fill(template, numbers, digits = USUAL_DIGITS) {
  return template.replace(/\{\{|\}\}|\{([^{}|]+)(?:\|(\w+))?\}/g, (hole, name, how) => {
    if (name === undefined) return hole[0];
    if (how === "near") return nearOne(numbers[name], digits);
    if (how === "in") return bracketed(nearOne(numbers[name], digits));
    if (how === "term") return asTerm(nearOne(numbers[name], digits));
    return format(numbers[name], how ? Number(how) : digits);
  });
}

/** A text as people read it, as Python's `readable`: real minus signs, raised powers of ten. */
export function readable(text) {
  return text.replace(/(?<![\w.)])-(?=[\w.(½∂])|(?<= )-(?= )/g, "−")
    .replace(/(?<![\w.])1e([-+]\d+)/g, (_, power) => `10${superscript(Number(power))}`)
    .replace(/(?<=\d)e([-+]\d+)/g, (_, power) => `·10${superscript(Number(power))}`);
}

function beyond(value) {
  return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
}

/** `toExponential`, but a number half way between two goes to the even one, as in Python. */
function rounded(value, digits) {
  const text = value.toExponential(digits - 1), next = value.toExponential(digits);
  if (!next.includes("5e") || Number(next) !== value) return text;
  const below = next.replace(/\.?5e/, "e"); // next may itself be rounded: 100 digits tell
  return /[02468]e/.test(below) && value.toExponential(99).replace(/0*e/, "e") === next ? below : text;
}

/** A mantissa and a power of ten as a decimal number, or with the power where that is below -4 or at `most`. */
function laidOut(scientific, most, width) {
  const [mantissa, exponent] = scientific.split("e"), power = Number(exponent);
  const sign = mantissa.startsWith("-") ? "-" : "";
  const figures = mantissa.replace(/[-.]/g, "").replace(/0+$/, "") || "0";
  if (power < -4 || power >= most) {
    const tail = figures.length > 1 ? `.${figures.slice(1)}` : "";
    return `${sign}${figures[0]}${tail}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(width, "0")}`;
  }
  if (power < 0) return `${sign}0.${"0".repeat(-power - 1)}${figures}`;
  const whole = figures.slice(0, power + 1).padEnd(power + 1, "0"), rest = figures.slice(power + 1);
  return `${sign}${whole}${rest && "."}${rest}`;
}

/**
 * Read a number as people type it: 0,5 or 8.51·10⁻² or 1 000.5 or 1/3 or 1½ or 0.5² or w1 = 0.5 or 0.25*0.1 + e^-1.
 *
 * It reads what bpkit/mistakes/typed_number.py reads, and says the digits typed (`figures`) and the `unit` of the last
 * one. It refuses the same texts.
 * @param {string} example what to type, for the sentence about what cannot be read
 * @returns {{value: number, figures: number, unit: number} | {error: string}}
 */
export function read(text, example = "0.25 or 1/3") {
  const typed = String(text).trim();
  const found = [...typed].length <= LONGEST_TYPED ? figure(typed) : null;
  if (found) return found;
  const got = [...typed].length > LONGEST_SAID ? `${[...typed].slice(0, LONGEST_SAID).join("")}…` : typed;
  return { error: typed ? `I cannot read '${got}' as a number. ${advice(typed, example)}.`
    : `The box was empty. Type a number like ${example}.` };
}

/** What to do about a text that cannot be read as a number, as in bpkit/mistakes/typed_number.py. */
function advice(typed, example) {
  const more = typed.split("(").length - typed.split(")").length;
  if (more) return `Check the brackets: a ${more > 0 ? ")" : "("} is missing`;
  if (/[\d)] *\(/.test(typed)) return "Put a * before the bracket";
  return `Type ${/[()^]|\*\*|exp/.test(typed) ? "a calculation like 1/(1+exp(-0.6))" : `it like ${example}`}`;
}

function figure(typed) {
  const text = inPlainSigns(typed);
  if (text === null) return null;
  const ratio = /^([+-]?\d{1,15})\/(\d{1,15})$/.exec(text);
  if (ratio) {
    const value = Number(ratio[1]) / Number(ratio[2]);
    return Number(ratio[2]) ? { ...decimal(value, ends(ratio[1], ratio[2])), exact: false } : null;
  }
  const number = /^([+-]?(?:\d+\.?\d*|\.\d+))(?:(?:[eE]|\*10(?:\^|\*\*))\(?([+-]?\d+)\)?)?$/.exec(text);
  if (!number) {
    const value = formulaValue(text);
    const size = Math.abs(value ?? Infinity), least = Number(`1e-${LARGEST_POWER}`);
    return size >= Number(`1e${LARGEST_POWER}`) || (size && size <= least) ? null : worked(value);
  }
  if (text.length > LONGEST_NUMBER) return null;
  const [, mantissa, power] = number, exponent = Number(power ?? 0);
  const size = Number(Number(mantissa).toExponential().split("e")[1]) + exponent;
  if (size >= LARGEST_POWER || (Number(mantissa) && size <= -LARGEST_POWER)) return null;
  const places = (mantissa.split(".")[1] ?? "").length;
  const figures = mantissa.replace(/^[+-]/, "").replace(".", "").replace(/^0+/, "").length || 1;
  const unit = Number(`1e${Math.max(exponent - places, -LARGEST_POWER)}`);
  return { value: Number(`${mantissa}e${power ?? 0}`), figures, unit };
}

/** What was typed without its name and its spaces, with a point and the signs of programs; null for a sentence. */
function inPlainSigns(typed) {
  const shown = typed.replace(/\p{Cf}/gu, "").replace(/[\s\x1c-\x1f\x85]/g, " ").replace(/\p{Nd}/gu, plainDigit)
    .replace(/(\d*)( *)([¼-¾⅐-⅞↉]|[⁰¹²³⁴-⁹]+⁄[₀-₉]+)/g, parted)
    .replace(/([\d.)])(⁻?)⁺?([⁰¹²³⁴-⁹]+)/g, (_, base, minus, power) => (
      `${base}^(${minus && "-"}${power.normalize("NFKC")})`));
  // Signs that would become plain digits or letters, in another sense.
  if (/[\p{No}\p{Lm}\p{So}⁺-⁾₊-₎]/u.test(shown.split(/[=＝]/).pop())) return null;
  const signs = shown.normalize("NFKC").replace(/[−–‐‑]/g, "-").replace(/[·×⋅∙]/g, "*").replace(/[⁄÷]/g, "/")
    .replace(/[’٬]/g, "'").replace(/٫/g, ".").replace(/([\d.]) *[xX] *(?=10 *(?:\^|\*\*))/g, "$1*");
  const names = signs.replace(/ *([=/*+^-]) */g, "$1").split("=");
  const number = names.pop().trim().replace(/^[≈~ ]+/, "")
    .replace(/(?:(?<![\d.,])\d{1,3}|(?<=[.,])\d{3})(?:[ ']\d{3})+(?!\d)/g, (groups) => groups.replace(/[ ']/g, ""));
  if (!names.every((name) => /^[\p{L}\p{N}_/∂Δδ(){}.,'*+^-]*$/u.test(name.trim()))) return null;
  const grouped = /^[+-]?\d{1,3}([,.])\d{3}(?:\1\d{3})*(?!\1)[,.]\d*$/.exec(number);
  return (grouped ? number.replaceAll(grouped[1], "") : number).replace(/,(?=\d)/g, ".")
    .replace(/^([+-]?)10(?=(?:\^|\*\*)\(?-)/, (_, sign) => `${sign}1*10`);
}

/** A digit of any script in ours: every script has its ten in a row. */
function plainDigit(digit) {
  const own = digit.codePointAt(0);
  let zero = own;
  while (/\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero--;
  return (own - zero) % 10;
}

/** ½ as (1/2), 1½ as (1+1/2); after more than a whole number ½ stays apart and is refused later. */
function parted(found, whole, gap, part, at, text) {
  const mixed = whole && !/[\p{L}\p{N}_.,'٫]$/u.test(text.slice(0, at));
  const ratio = part.normalize("NFKC");
  return mixed ? `(${whole}+${ratio})` : `${whole}${gap}(${ratio})`;
}

/** Do the decimals of a fraction end? */
function ends(above, below) {
  let [divisor, left] = [Number(below), Math.abs(Number(above))];
  while (left) [divisor, left] = [left, divisor % left];
  let rest = Number(below) / divisor;
  for (const factor of [2, 5]) while (rest % factor === 0) rest /= factor;
  return rest === 1;
}

/** A value that was not typed digit by digit has the digits of its decimal, or as many as any number here. */
function decimal(value, ending) {
  const [mantissa, exponent] = rounded(value, MOST_FIGURES).split("e");
  const whole = value ? Number(exponent) + 1 : 1; // digits before the point
  const figures = Math.max(mantissa.replace(/[-.]/g, "").replace(/0+$/, "").length, whole, 1);
  if (!ending || figures >= MOST_FIGURES) {
    return { value, figures: MOST_FIGURES, unit: Math.abs(value) * 1e-12 || 1e-12, exact: true };
  }
  return { value, figures, unit: Number(`1e${Math.min(whole - figures, 0)}`), exact: true };
}

/** A formula's value is exact, unless it has so few digits that it may be a guess as well. */
function worked(value) {
  const found = decimal(value, true);
  return { ...found, exact: found.figures >= EXACT_FIGURES };
}

/** The value of plain arithmetic on numbers, read by descent and never run; null for anything else. */
function formulaValue(text) {
  const signs = text.replace(/^'/, "").match(/(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[a-z.]+|\*\*|\S/gi) ?? [];
  let at = 0;
  const takes = (...wanted) => (wanted.includes(signs[at]) ? signs[at++] : "");
  const sound = (value) => {
    if (!Number.isFinite(value)) throw new RangeError("no finite value");
    return value;
  };
  const sum = () => {
    let value = product();
    for (let sign; (sign = takes("+", "-")); ) value = sound(sign === "+" ? value + product() : value - product());
    return value;
  };
  const product = () => {
    let value = signed();
    for (let sign; (sign = takes("*", "/")); ) value = sound(sign === "*" ? value * signed() : value / signed());
    return value;
  };
  const signed = () => {
    const sign = takes("+", "-");
    return sign === "-" ? -signed() : sign ? signed() : power();
  };
  const power = () => {
    if (signs[at] === "e" && ["^", "**"].includes(signs[at + 1])) {
      at += 2;
      return sound(Math.exp(signed()));
    }
    const base = atom();
    return takes("^", "**") ? sound(base ** exponent()) : base;
  };
  const exponent = (negative = false) => {
    if (takes("(")) return closed(exponent(negative));
    return !negative && takes("-") ? -exponent(true) : constant(LARGEST_EXPONENT);
  };
  const closed = (value) => {
    if (!takes(")")) throw new SyntaxError("expected )");
    return value;
  };
  const constant = (largest) => {
    const value = /^[\d.]*\d/.test(signs[at] ?? "") ? Number(signs[at++]) : NaN;
    if (!(value <= largest)) throw new SyntaxError("expected a number");
    return value;
  };
  const atom = () => {
    if (takes("(")) return closed(sum());
    const called = TYPED_FUNCTIONS.get((signs[at] ?? "").replace(/^(?:np|numpy|math)\./, ""));
    if (!called) return constant(LARGEST_CONSTANT);
    at++;
    if (!takes("(")) throw new SyntaxError("expected (");
    return sound(called(closed(sum())));
  };
  try {
    const parts = signs.map((sign) => /^[\d.]/.test(sign) ? 1 : /^[()]/.test(sign) ? 0 : /\./.test(sign) ? 5
      : TYPED_FUNCTIONS.has(sign) ? 3 : 2);
    if (parts.reduce((all, own) => all + own, 0) > MOST_PARTS) return null;
    if (text.length > LONGEST_TYPED || signs.filter((sign) => sign === "(").length > MOST_BRACKETS) return null;
    const value = sum();
    return at === signs.length ? sound(value) : null;
  } catch {
    return null;
  }
}

// ------------------------------------------------------------------------------------------------------------- draws

// What np.random.default_rng(seed) draws, so that a page and a kernel start a network alike. NumPy's SeedSequence stirs
// the seed, PCG64 (O'Neill 2014) makes 64 random bits at a time, and the ziggurat (Marsaglia and Tsang 2000) makes
// normally distributed numbers of them. All bits agree, but for the last one in the tail, where log1p decides.

const PCG_FACTOR = 0x2360ed051fc65da44385df649fccf645n;
const ZIGGURAT_EDGE = 3.6541528853610087963519472518;  // where the tail begins
const MANTISSA = 2**52;

// How wide the ziggurat's 256 layers are, in 12 digits to base 32 each: NumPy's own table, with its rounding errors.
const WIDTHS =
  "3t4jmu0lr5sg06sd1fhvrtm60951bps5hdr80anpe9o8gtm20c03v785ujgo0d2631e9j8bo0e00j9f71gve0eqobqqehp780fj4i1d9jas6" +
  "0g9kp2f3lrlk0guk2jm0it8c0hiaj9eg9mes0i4uh8uugquk0imkn3gouog00j7gvs0lshuk0jnmfc38lh5s0k77norvsrak0km6tjcffuks" +
  "0l4lqm46mjeg0lim0ae1ueio0m08osvmbut80mdf9638rs7k0mqah94005e00n6rdd6hnoko0nj2mh1cpaes0nv12qqhnl8c0oan656goaes" +
  "0om5i9surmj80p1cnaijmfj00pcd3o4b0ut80pn74ose658o0q1r6dp9575g0qc9jmqtudb40qmimms40m600r0momq4rcjg0ram28egjq54" +
  "0rkgr8skkv780ru7b2lfs2680s7pofimaeuc0sh89qachrc40sqj4vssh6hc0t3qfgt05n900tcueijp0v200tlv7008tooc0tustajsbmac" +
  "0u7nlrbkndvo0ugfkj6ujf000up4tbruc2po0v1njo9s324o0va7r59m7mh00vilmpt1unlo0vr19nruhelg103ams1139r010bi0uksov6g" +
  "10jnajobabv010rqmbdpa040113s6i1ov82o11brtgiu624o11jptcp5sovo11rm89cb0gqo123h06aahbrg12ba70sogvfg12j1uju792g8" +
  "12qo8nv2207g132d739sdkd013a0ra7n6r2013hj6v3s2lio13p4bifgd8bg140kaj50a17o14835eb2cdq814fgtfnks67o14mtk1ikmnuo" +
  "14u9acoet6vo155k1oscte6o15ctrcas2tmg15k6ocbgrgko15rept35qj3g162m11ln4hlo169ses7qbic016h24e0j5t8816o72nb555l8" +
  "16vbano2lgqg176etdupb4p017dhrnus3q0o17kk6j1b1ro017rlurpp5l0o182n5e7g9st0189nr5mj78n818go0t0u319018nnnef5cen8" +
  "18umvjpjc6dg195lq6948ubo19ck7uo142n819ji9liph3n019qg02osac181a1dbttf5aog1a8adu858mmg1af76qll6cjo1am3n9odr5i0" +
  "1at001paluu01b3s1oo78a501bant4ci1mm81bhjiq5un6f81bof3fcnopko1bvafp2flse01c65oc2hhvgo1cd0tt2hb18g1cjs10iric2o" +
  "1cqn2av4pcsg1d1i2geoj2do1d8d2558b5c81df81t2pk7eo1dm32c4kd6kg1dsu465gvgl01e3p7uu5mhqo1eakea5kh9hg1ehfnrhoetn0" +
  "1eob56nin67o1ev6mvbnv8i81f62dp2tbr4o1fcua7i5h8281fjqcufdi5uo1fqmmhhpttpo1g1j7ki3ek7o1g8g0rb48ctg1gfd2pq4pu58" +
  "1gmae3v8vbf81gt83dtt7th81h463bt3veb81hb4ei82s0go1hi35leggp701hp29a526k9o1i01q55prb3o1i71orgk86ho1ie262bnglv0" +
  "1il32f41q52g1is4endodbrg1j36bh4n2kc81ja8picvpjfo1jhbphjatib01jofc5dnn8481jvji4rtd4ig1k6oc77sjd4g1kdtr46hcgmo" +
  "1kl3vjo5rn201ksaqe95aj901l3iccig32f81laqm7qfv2201li3opldfbjg1lpdks65r6dg1m0ob9v1q26g1m83su2d9gmo1mfgak3g0o00" +
  "1mmtl8773q0o1mubtn4voi9o1n5r4u7ivef01ndbbre2iarg1nksjdcnc18g1nsesje0qt0o1o428djm1d801obmnsno7kb81ojcc2dn0q70" +
  "1or3613m8e181p2r6s3lqc5o1pakfnkra5ao1pif1osttd401pqau61ke0do1q2866a5ourg1qa6r20ruu801qi6u2kpscho1qq8girjv28o" +
  "1r2bjujbvn981rag9j4g6ss01rimiv3u4i3g1rquhil92sdo1s386vd4t4701sbjkojl4dtg1sk0sj70t3201ssg05ubvs981t5119clbu2g" +
  "1tdk1o3rmu201tm93eo8aeeg1tv08c40upa81u7pihb156881ugl41urkqr81upiv434g2q01v2j60i4pf0g1vblr31oi5fo1vkr0q8nuf18" +
  "1vu2po4cfc2o207d8hujk1qg20gqg0kfp53g20qaj0t90alg213tkjhuun3g21djntldmdv021nd08t74pk02219h3r35obg22b9e278k9a0" +
  "22lcqtbho32022vjrkfeqh40239ukd5a7ko023kd9johcm9g23uvvrt6jur0249ms110e10g24ki36trbkqg24vhqqe415mg25am8i305otg" +
  "25lviesttrpg261dut6i29gg26d1klietem026oqqtrv5u70274ppabhkqa027gunuv4losg27t9vgn2r40g289rp784pi0g28mkeujfqfn0" +
  "293kb95cjgi029grphrmb3g029ub5ul8b4n02ac2tjbn1ps02aq3ekpa19902b8d8ccmrebg2bn0rcd9f3qg2c5upkimlrn02cl7mnj8kihg" +
  "2d4s81de2ahg2dkt4uhjl1002e5b74im84502em7as5eh3t02f7ifcon0ij02fpdnaj0uhqg2gbq975psnd02gupg5akbqa02hicsh5778ag" +
  "2i6m4tcs8eu02irn77bbb8jg2jhia3edh4102k89ukv9lh0g2l012khqfp102lor3aaasgdg2mis12rhhncg2ne8k91qq3v02ob6jjs63p60" +
  "2p9ssuo0dbl02qak1fkvsn1g2rdmn389s8p02sjihs2vf8q02tspalg90ppg2va2rt6mpq6030sg6199u8q032lgvftafga034ne153f8ib0" +
  "375us0a0aulg3a7tou4ketd03ec1ue3ovmog3ktr90g9lkpg";
/** For each layer: its width per unit of 52 random bits, how many units are surely below the curve, and its height. */
const ZIGGURAT = (() => {
  const width = Float64Array.from(WIDTHS.match(/.{12}/g), (digits) => parseInt(digits, 32)/2**107);
  const sure = width.map((own, k) => k === 1 ? 0 : Math.floor(width.at(k - 1)/own*MANTISSA));
  const curve = width.map((own, k) => k === 0 ? 1 : Math.exp(-0.5*(own*MANTISSA)**2));
  return {width, sure, curve};
})();

/** The four numbers of 64 bits that NumPy's SeedSequence makes of a whole number from 0. @returns {bigint[]} */
function stirred(seed) {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new RangeError(`seed: expected a whole number from 0, got ${seed}`);
  }
  const hasher = (start, factor) => {
    let constant = start;
    return (word) => {
      const mixed = word ^ constant;
      constant = Math.imul(constant, factor);
      const hashed = Math.imul(mixed, constant);
      return hashed ^ hashed >>> 16;
    };
  };
  const hash = hasher(0x43b0d7e5, 0x931e8875);
  const pool = [seed % 2**32, Math.floor(seed/2**32), 0, 0].map(hash);
  for (let from = 0; from < 4; from++) {
    for (let to = 0; to < 4; to++) {
      if (from === to) continue;
      const both = Math.imul(0xca01f9dd, pool[to]) - Math.imul(0x4973f715, hash(pool[from])) | 0;
      pool[to] = both ^ both >>> 16;
    }
  }
  const last = hasher(0x8b51f9dd, 0x58f38ded);
  const words = Array.from({length: 8}, (_, k) => BigInt(last(pool[k % 4]) >>> 0));
  return [0, 2, 4, 6].map((k) => words[k + 1] << 32n | words[k]);
}

/**
 * A generator that draws what NumPy's `default_rng(seed)` draws, number for number.
 * @param {number} seed a whole number from 0
 * @returns {{random: () => number, normal: () => number}} evenly from 0 to below 1; normally around 0, with spread 1
 */
export function draws(seed) {
  const [high, low, highStep, lowStep] = stirred(seed);
  const step = BigInt.asUintN(128, (highStep << 64n | lowStep) << 1n | 1n);
  let state = BigInt.asUintN(128, ((high << 64n | low) + step)*PCG_FACTOR + step);

  const bits = () => {
    state = BigInt.asUintN(128, state*PCG_FACTOR + step);
    const folded = BigInt.asUintN(64, state ^ state >> 64n), turn = state >> 122n;
    return BigInt.asUintN(64, folded >> turn | folded << 64n - turn);
  };
  const random = () => Number(bits() >> 11n)/2**53;

  const normal = () => {
    for (;;) {
      const drawn = bits();
      const layer = Number(drawn & 0xffn), sign = drawn & 0x100n ? -1 : 1;
      const distance = drawn >> 9n & 0xfffffffffffffn, units = Number(distance);
      const x = units*ZIGGURAT.width[layer];
      if (units < ZIGGURAT.sure[layer]) return sign*x;
      if (layer === 0) {  // the tail, which takes its sign from another bit
        for (;;) {
          const beyond = -1/ZIGGURAT_EDGE*Math.log1p(-random()), height = -Math.log1p(-random());
          if (2*height > beyond*beyond) return (distance >> 8n & 1n ? -1 : 1)*(ZIGGURAT_EDGE + beyond);
        }
      }
      const top = ZIGGURAT.curve[layer - 1], bottom = ZIGGURAT.curve[layer];
      if ((top - bottom)*random() + bottom < Math.exp(-0.5*x*x)) return sign*x;
    }
  };
  return {random, normal};
}

// -------------------------------------------------------------------------------------------------------------- lines

const CLOSE = 1e-4; // a line agrees with its result when a calculator gives four of the digits from what is shown
const MORE_DIGITS = [9, 12, 15, 17]; // tried where the usual ones cancel
const MOST_POWER = 64; // a higher one is left to floats
const GUARD = 50; // digits that a quotient or a power of e is computed to
const LN10 = 230258509299404568401799145468436420760110148862877n; // times 10^50

/**
 * @typedef {object} LineRow a line as `line_rows` in bpkit/show/lines_table.py writes it
 * @property {number} number
 * @property {string} name @property {string[]} names all that its texts depend on
 * @property {string} head @property {string} symbols HTML
 * @property {string} said the quantity in plain text
 * @property {string} filled the right side with holes @property {string} room how long it usually gets
 * @property {Tree | null} checked @property {string[]} saturated
 * @property {Tree | null} above @property {Tree | null} below
 *
 * @typedef {string | number | [string, ...Tree[]]} Tree a quantity, a whole number, an operation with its parts
 * @typedef {{m: bigint, e: number}} Exact the number m·10^e; null where there is none
 */

/**
 * Numbered lines as a table: symbols, the numbers put in, the result.
 * @param {{rows: LineRow[], head: string[], label?: string}} spec
 * @param {{choose?: (number: number) => void}} on with `choose` the numbers of the lines are buttons
 * @returns {{node: HTMLElement, draw(data: LinesData): void, words(data: LinesData): string}}
 * @typedef {{numbers: Object<string, number>, digits?: number, lit?: number[], rows?: number[]}} LinesData
 */
export function lines(spec, on = {}) {
  const rows = spec.rows.map((row) => lineDrawn(row, on));
  const head = spec.head.map((word) => element("th", { scope: "col", role: "columnheader", text: word }));
  const node = element("div", { class: "bpkit-lines-box" }, element("table", { role: "table", "aria-label": spec.label },
    element("thead", { role: "rowgroup" }, element("tr", { role: "row" }, ...head)),
    element("tbody", { role: "rowgroup" }, ...rows.map((row) => row.node))));
  reachableWhereItScrolls(node);
  const shown = (data) => rows.filter(({ row }) => !data.rows || data.rows.includes(row.number));
  return {
    node,
    draw(data) {
      for (const one of rows) set(one.node, { hidden: data.rows ? !data.rows.includes(one.row.number) : false });
      for (const one of shown(data)) one.draw(data);
    },
    words(data) {
      const said = ({ row }) => {
        const { filled, result } = lineTexts(row, data.numbers, data.digits);
        return `(${row.number}) ${[row.said, filled, result].filter(Boolean).join(" = ")}`;
      };
      return shown(data).map(said).join("; ");
    },
  };
}

/** One row. Its texts are made anew only where one of its numbers moved. */
function lineDrawn(row, on) {
  const cell = (kind, ...children) => element("td", { role: "cell", class: `bpkit-line-${kind}` }, ...children);
  const number = on.choose
    ? element("button", { type: "button", text: `(${row.number})`, on: { click: () => on.choose(row.number) } })
    : `(${row.number})`;
  const head = element("th", { scope: "row", role: "rowheader" });
  const symbols = element("span"), filled = element("span"), result = element("b");
  head.innerHTML = row.head; // HTML of the kit's own, whose names are words
  symbols.innerHTML = row.symbols;
  // The room is text that is not seen: a number that grows by a digit moves no line.
  const put = element("span", { class: "bpkit-line-room", "data-room": row.room && `= ${row.room}` }, filled);
  const node = element("tr", { role: "row" }, cell("number", number), head, cell("symbols", "= ", symbols),
    cell("filled", put), cell("result", "= ", result));
  let last = [];
  return {
    row,
    node,
    draw({ numbers, digits = USUAL_DIGITS, lit = [] }) {
      const isLit = lit.includes(row.number);
      set(node, { class: isLit ? "bpkit-line-lit" : null, "aria-current": isLit ? "true" : null });
      const now = [digits, ...row.names.map((name) => numbers[name])];
      if (now.every((one, place) => Object.is(one, last[place]))) return;
      last = now;
      const texts = lineTexts(row, numbers, digits);
      set(filled, { text: texts.filled && `= ${texts.filled}` });
      set(result, { text: texts.result });
    },
  };
}

/** A box takes the focus, for the arrow keys, only while it scrolls. */
function reachableWhereItScrolls(node) {
  const scrolls = () => node.scrollWidth > node.clientWidth || node.scrollHeight > node.clientHeight;
  const look = () => set(node, { tabindex: scrolls() ? "0" : null });
  const watch = new ResizeObserver(look);
  for (const one of [node, ...node.children]) watch.observe(one);  // what is in it may grow alone
}

/**
 * What a line shows of its numbers: the right side with them put in, empty where no digits would lead to the result,
 * and the result. As `_filled` and `result` in Python.
 * @param {LineRow} row
 */
export function lineTexts(row, numbers, digits = USUAL_DIGITS) {
  const enough = row.filled ? digitsThatAgree(row, numbers, digits) : null;
  return { filled: enough === null ? "" : readable(fill(row.filled, numbers, enough)), result: readable(lineResult(row, numbers, digits)) };
}

/** How many digits of the numbers put into a line give its result; null where 17 do not. */
function digitsThatAgree(row, numbers, digits) {
  if (row.saturated.some((name) => Math.abs(numbers[name]) === 1)) return null;
  const value = numbers[row.name];
  if (!row.checked || !value || !Number.isFinite(value)) return digits;
  for (const tried of [digits, ...MORE_DIGITS.filter((more) => more > digits)]) {
    const found = evaluated(row.checked, (name) => seen(nearOne(numbers[name], tried)));
    if (found && Math.abs(asNumber(found) - value) <= CLOSE * Math.abs(value)) return tried;
  }
  return null;
}

/** The result of a line; an output that only rounds to 1, in digits or in floats, is never spelled so. */
function lineResult(row, numbers, digits) {
  const value = numbers[row.name], rest = value > 0 ? row.above : row.below;
  const left = rest && roundsToOne(value, digits) ? evaluated(rest, (name) => exact(numbers[name])) : null;
  return left && left.m > 0n ? apart(value, tiny(left, digits)) : nearOne(value, digits);
}

/** A small number, also one that is too small for a float. */
function tiny(left, digits) {
  const value = asNumber(left);
  if (value > 1e-300) return format(value, digits);
  const figures = String(left.m).length;
  return `${format(asNumber({ m: left.m, e: 1 - figures }), digits)}e${left.e + figures - 1}`;
}

// Decimals without rounding, in which digits that cancel in floats are still there.

/** The value of a tree; null where a part has none. @returns {Exact | null} */
function evaluated(tree, valueOf) {
  if (typeof tree === "string") return valueOf(tree);
  if (typeof tree === "number") return { m: BigInt(tree), e: 0 };
  const [sign, ...rest] = tree;
  const parts = rest.map((part) => evaluated(part, valueOf));
  return parts.includes(null) ? null : OPERATIONS[sign](...parts);
}

const OPERATIONS = {
  "+": (...terms) => terms.reduce(plus),
  "*": (...factors) => factors.reduce(times),
  "/": (above, below) => times(above, inverse(below)),
  "^": raised,
  ln: (one) => (one.m > 0n ? exact(logarithm(one)) : null),
  exp: exponential,
};

/** The number that a reader sees, also of `1 - 3.4e-09`. */
function seen(text) {
  const [whole, sign, left] = text.split(" ");
  return sign ? plus(exact(whole), exact(sign === "-" ? `-${left}` : left)) : exact(whole);
}

/** A text, or all digits of a float. @returns {Exact | null} */
function exact(given) {
  const text = typeof given === "number" ? given.toExponential(GUARD) : given;
  const found = /^(-?\d+)\.?(\d*)(?:e([+-]\d+))?$/.exec(text);
  return found && { m: BigInt(found[1] + found[2]), e: Number(found[3] ?? 0) - found[2].length };
}

function asNumber({ m, e }) {
  return Number(`${m}e${e}`);
}

const TENS = [1n];
function ten(power) {
  return (TENS[power] ??= 10n ** BigInt(power));
}

function plus(one, other) {
  const [high, low] = one.e >= other.e ? [one, other] : [other, one];
  const apartBy = high.e - low.e;
  if (high.m === 0n) return low;
  if (apartBy > 700 && apartBy > String(low.m).length + GUARD) return high;
  return { m: high.m * ten(apartBy) + low.m, e: low.e };
}

function times(one, other) {
  return { m: one.m * other.m, e: one.e + other.e };
}

function inverse({ m, e }) {
  if (m === 0n) return null;
  const places = String(m).length + GUARD;
  return { m: ten(places) / m, e: -places - e };
}

function raised(base, exponent) {
  const power = asNumber(exponent);
  if (base.m === 0n) return power > 0 ? base : null;
  if (!Number.isInteger(power) || Math.abs(power) > MOST_POWER) return exact(asNumber(base) ** power);
  const product = { m: base.m ** BigInt(Math.abs(power)), e: base.e * Math.abs(power) };
  return power < 0 ? inverse(product) : product;
}

function logarithm(one) {
  const past = asNumber(plus(one, { m: -1n, e: 0 }));
  return Math.abs(past) < 0.5 ? Math.log1p(past) : Math.log(asNumber(one));
}

/** e^z as 10^k·e^r with r from 0 to ln 10, by its series. */
function exponential({ m, e }) {
  if (Math.abs(asNumber({ m, e })) > 1e15) return null;
  const z = e + GUARD < 0 ? m / ten(-e - GUARD) : m * ten(e + GUARD);
  const k = z / LN10 - (z < 0n ? 1n : 0n), r = z - k * LN10;
  let term = ten(GUARD), sum = 0n;
  for (let n = 1n; term; n++) {
    sum += term;
    term = (term * r) / ten(GUARD) / n;
  }
  return { m: sum, e: Number(k) - GUARD };
}

// ----------------------------------------------------------------------------------------------------------- network
//
// The diagram of a network with live numbers. Python says what stands where, and which quantity's number belongs
// there; a number that is not there yet leaves its place empty, and nothing moves when it comes.

const GLYPH = 0.64; // the width of a letter in its height: that of a wide font, so that no text leaves its place
const SLIM = { " ": 0.33, ".": 0.33, "·": 0.33, "/": 0.35, t: 0.42, "∂": 0.54, "⁻": 0.54 }, WIDE = { w: 0.93, "=": 0.85, "−": 0.85, "←": 0.85, "→": 0.85 };
const PLATE_DIGITS = 4, NODE_CORNER = 15, LEAST_LETTER = 12;
const SIDE_ROOM = 136, TOTAL_ROOM = 190; // pixels for a target or an error, and for the loss
const HEAD_AT = 13; // pixels from a way's beginning to the arrowhead that points back to it
const LEAST_SCALE = 0.88; // a network that would be smaller is laid out anew
const GRAPH_SCALE = 0.77; // a model's picture that would be smaller scrolls
const NARROW_WIDTHS = [1000, 860, 720, 600, 480, 358]; // pixels: the last for a phone
const NARROW_HALF = 42, NARROW_INPUT = 24, NARROW_GAP = 68; // pixels of its neurons, inputs, ways
const ROOMY_HALF = 56, ROOMY_INPUT = 28, ROOMY_GAP = 94; // the same where there is room for larger letters

/**
 * @typedef {Object} NetworkState what a network draws
 * @property {Object<string, number>} numbers by quantity; those not yet computed are missing
 * @property {string[]} [lit] quantities whose neurons, ways and numbers are lit
 * @property {number} [digits]
 * @property {"forward" | "backward" | "update"} [phase]
 * @property {string | null} [chosen] a weight or bias
 * @property {boolean} [choices] whether weights and biases can be chosen
 */

/**
 * A network's diagram: level inside a neuron for the size of its output, colour and dash for a weight's sign, width
 * for its size; on the way back derivatives, then new values.
 * @param {Object} spec of bpkit/show/diagram_spec.py
 * @param {{choose?: (name: string) => void}} on
 */
export function network(spec, on = {}) {
  let now = null, board = null;
  const choose = (name) => now.choices && on.choose?.(name);
  const boards = new Map(); // by the width that they are made for; 0 is Python's own
  const boardFor = (width) => boards.get(width) ??
    boards.set(width, boardOf(width ? squeezed(spec, width) : spec, on, choose, () => now)).get(width);
  const node = element("div", {class: "bpkit-net"});
  const draw = (data) => {
    now = data;
    board.draw(data);
  };
  const fit = () => {
    const room = node.clientWidth, wide = !room || room >= Math.floor(LEAST_SCALE * spec.width);
    const next = boardFor(wide || spec.graph ? 0 : NARROW_WIDTHS.find((width) => width <= room) ?? NARROW_WIDTHS.at(-1));
    if (next === board) return;
    board = next;
    node.replaceChildren(board.picture);
    if (now) draw(now);
  };
  fit();
  // What scrolls must be reachable by keyboard, and what does not is no stop.
  new ResizeObserver(() => {
    fit();
    if (spec.graph) litIntoSight({node});  // before its first layout it did not scroll as far
    const scrolls = node.scrollWidth > node.clientWidth + 1;
    set(node, {tabindex: scrolls ? 0 : null, role: scrolls ? "group" : null,
      "aria-label": scrolls ? "picture of the network" : null});
  }).observe(node);
  return {node, draw, words: (data) => networkWords(spec, data)};
}

/** A network's picture in one layout. */
function boardOf(spec, on, choose, state) {
  const tell = (part) => told(part, spec, state());
  const parts = [
    ...spec.biases.map((bias) => biasPart(bias, spec, choose, tell)),
    ...spec.edges.map((edge) => edgePart(edge, spec, choose, tell)),
    ...spec.nodes.map((node) => neuronPart(node, spec)),
    ...spec.outputs.map((output) => outputPart(output, spec)),
    totalPart(spec),
    ...(on.layer ? [on.layer(spec.move ?? ((at) => at), Boolean(spec.move))] : []),
  ];
  const more = spec.hidden.map(({at: [x, y], text}) =>
    drawn("text", {class: "bpkit-net-faint bpkit-net-middle", x, y: y + 4, "font-size": 13, text}));
  const layer = (name) => drawn("g", {}, ...parts.map((part) => part[name]));
  const picture = drawn("svg", {class: "bpkit-net-picture", viewBox: `0 0 ${spec.width} ${spec.height}`,
    style: `max-width:${(spec.stretch ?? 1) * spec.width}px;min-width:${Math.floor((spec.graph ? GRAPH_SCALE : 0.9) * spec.width)}px`},
  layer("way"), layer("body"), ...more, layer("over"));
  const draw = (data) => {
    const lit = new Set((data.lit ?? []).flatMap((name) => spec.lights[name] ?? []));
    const boxes = Boolean(spec.graph) && spec.nodes.some(({name}) => lit.has(name));
    if (boxes) for (const {key, into} of spec.edges) if (!lit.has(into)) lit.delete(key);  // of a parameter's ways, those to lit boxes
    const state = {...data, digits: data.digits ?? USUAL_DIGITS, lit, boxes, some: lit.size > 0,
      slope: shareOfLargest(data, [...spec.edges, ...spec.biases].map(({back}) => back)),
      delta: shareOfLargest(data, spec.nodes.map(({delta}) => delta))};
    for (const part of parts) part.draw(state);
    // A picture's parts are hidden from screen readers, and what can be chosen must not be.
    set(picture, {role: data.choices ? "group" : "img", "aria-label": networkWords(spec, data),
      "data-phase": data.phase ?? "forward", "data-choices": Boolean(data.choices)});
  };
  return {picture, draw};
}

/** Of some derivatives on the way back: how large each is beside the largest of them, with its sign. */
function shareOfLargest({numbers, phase}, names) {
  if (phase !== "backward") return () => 0;
  const largest = Math.max(0, ...names.map((name) => Math.abs(numbers[name])).filter(Number.isFinite));
  return (name) => (Number.isFinite(numbers[name]) && largest ? numbers[name] / largest : 0);
}

/**
 * The same network laid out for a narrow place: small neurons, short ways, targets and errors below the outputs.
 * `move` says where a place of the wide picture is on this one.
 */
function squeezed(spec, wished) {
  const columns = [...new Map(spec.nodes.map((one) => [one.at[0], one])).values()].sort((a, b) => a.at[0] - b.at[0]);
  const gaps = Math.max(1, columns.length - 1), gapOf = (halves) => (wished - 8 - 2 * halves.reduce((sum, half) => sum + half, 0)) / gaps;
  const large = columns.map(({net}) => (net ? ROOMY_HALF : ROOMY_INPUT)), roomy = gapOf(large) >= ROOMY_GAP;
  const halves = roomy ? large : columns.map(({net}) => (net ? NARROW_HALF : NARROW_INPUT));
  const nodes = 2 * halves.reduce((sum, half) => sum + half, 0);
  const gap = Math.max(NARROW_GAP, gapOf(halves)), width = Math.round(8 + nodes + gaps * gap);
  let right = 4;
  const knots = columns.flatMap(({at: [x], half}, place) => { // the edges of each column, there and here
    const left = right + (place ? gap : 0);
    right = left + 2 * halves[place];
    return [[x - half, left], [x + half, right]];
  });
  const toX = (x) => {
    const after = Math.min(Math.max(1, knots.findIndex(([old]) => old >= x)), knots.length - 1);
    const [[x0, y0], [x1, y1]] = [knots[after - 1], knots[after]];
    return y0 + (y1 - y0) * Math.min(1, Math.max(0, (x - x0) / (x1 - x0)));
  };
  const heights = spec.nodes.map(({at}) => at[1]), top = Math.min(...heights), bottom = Math.max(...heights);
  const rows = new Set(spec.nodes.filter(({at}) => at[0] === columns.at(-1).at[0]).map(({at}) => at[1])).size;
  const most = Math.max(...columns.map(({at: [x]}) => spec.nodes.filter(({at}) => at[0] === x).length));
  const own = spec.biases.some(({at}) => !at);
  const stretch = rows > 1 && spec.outputs.length > 1 ? (own ? 1.5 : 1.32) : most > 4 ? 0.88 : 1.15;
  const toY = (y) => (y <= top ? y : top + (y - top) * stretch);
  const of = new Map(spec.nodes.map((one) => [one, [(toX(one.at[0] - one.half) + toX(one.at[0] + one.half)) / 2, toY(one.at[1])]]));
  const halfOf = ({at: [x], half}) => (toX(x + half) - toX(x - half)) / 2;
  const nodeAt = (x, y) => spec.nodes.find((one) => Math.abs(one.at[0] - x) <= one.half + 30 && Math.abs(one.at[1] - y) < one.tall + 25);
  const plates = platesBetween(spec.edges, toX, toY), moved = ([x1, y1, x2, y2]) => [toX(x1), toY(y1), toX(x2), toY(y2)];
  const biases = spec.biases.map((bias) => {
    const [x, y] = bias.plate.at, at = bias.at && [toX(bias.at[0]), toY(bias.at[1])];
    return {...bias, at, ways: bias.ways.map((way) => ({...way, ends: moved(way.ends)})),
      plate: {...bias.plate, ...(at ? {at: [at[0] + 17, at[1] + y - bias.at[1]], room: roomy ? [66, 78] : [54, 52]}
        : {at: [toX(nodeAt(x, y + 42).at[0] - nodeAt(x, y + 42).half), toY(y + 42) - 42], room: [2 * halves.at(-1), 0], rows: 1})}};
  });
  const outputs = spec.outputs.map((output) => {
    const one = spec.nodes.findLast(({at}) => at[1] === output.at[1]), [x, y] = of.get(one);
    return {...output, node: one, at: [x - halfOf(one) + 1, y + one.tall + 38], room: 2 * halfOf(one) + 12};
  });
  const low = Math.max(toY(bottom) + 46, ...outputs.map(({at}) => at[1] + 30)) + 22;
  const onPlates = [...spec.edges.map((one, k) => [one.plate, plates[k]]), ...spec.biases.map((one, k) => [one.plate, biases[k].plate])];
  const move = ([x, y]) => {
    const onNode = nodeAt(x, y), beside = outputs.find(({node: {at, half}}) => Math.abs(at[1] - y) < 40 && x > at[0] + half);
    if (beside) return [beside.at[0] + 42, beside.at[1] + 26];
    const far = ([plate]) => Math.abs(plate.at[1] - y + 15) + Math.abs(plate.at[0] + (plate.beside ? 56 : 0) - x);
    const near = onPlates.filter(([plate]) => plate).sort((a, b) => far(a) - far(b))[0];
    if (near && far(near) < 12) return [near[1].at[0] + (near[0].beside ? 26 : 0), near[1].at[1] + 15];
    return onNode ? [of.get(onNode)[0], of.get(onNode)[1] + y - onNode.at[1]] : [toX(x), toY(y)];
  };
  return {
    ...spec, width, height: low + 44, stretch: wished === NARROW_WIDTHS.at(-1) ? 1.3 : 1, move, biases, outputs,
    nodes: spec.nodes.map((one) => ({...one, at: of.get(one), half: halfOf(one)})),
    edges: spec.edges.map((edge, k) => ({...edge, ends: moved(edge.ends), plate: plates[k]})),
    hidden: spec.hidden.map((one) => ({...one, at: [toX(one.at[0]), toY(one.at[1])]})),
    total: {...spec.total, low},
  };
}

/**
 * Places for the plates on edges that became short: between the two columns, each where its edge passes, with a second
 * row where there is room for all.
 */
function platesBetween(edges, toX, toY) {
  const steep = ({ends: [, y1, , y2]}) => Math.abs(y1 - y2), places = new Map();
  for (const beginning of new Set(edges.map(({ends}) => ends[0]))) {
    const here = edges.filter(({plate, ends}) => plate && ends[0] === beginning).sort((a, b) => steep(a) - steep(b));
    for (const rows of here.every(({plate}) => plate.rows === 2) ? [2, 1] : [1]) {
      const taken = [];
      let covered = 0;
      for (const edge of here) {
        const {plate, ends: [x1, y1, x2, y2]} = edge, [left, right] = [toX(x1), toX(x2)], [from, to] = [toY(y1), toY(y2)];
        const wide = Math.min(plate.room[0], right - left - 4), high = rows === 2 ? 30 : 17;
        const first = (plate.at[0] - x1) / (x2 - x1), shares = Array.from({length: 31}, (_, k) => 0.05 + 0.03 * k);
        const spots = [first, ...shares.sort((a, b) => Math.abs(a - first) - Math.abs(b - first))].map((share) =>
          [Math.min(right - wide / 2 - 2, Math.max(left + wide / 2 + 2, left + share * (right - left))), from + share * (to - from)]);
        const shared = ([x, y]) => taken.reduce((sum, [a, b]) =>
          sum + Math.max(0, wide - Math.abs(a - x)) * Math.max(0, high - Math.abs(b - y)), 0);
        const best = spots.reduce((one, other) => (shared(other) < shared(one) ? other : one));
        covered += shared(best);
        taken.push(best);
        places.set(edge, {...plate, at: best, rows, room: plate.room.map((room) => Math.min(room, wide))});
      }
      if (!covered) break;
    }
  }
  return edges.map((edge) => places.get(edge) ?? null);
}

/** What a network's picture shows, in words: every number, where each weight goes, what is lit. */
export function networkWords(spec, data) {
  const {numbers, lit = [], digits = USUAL_DIGITS, phase} = data, {words} = spec;
  const known = (name) => isKnown(numbers[name]);
  const neurons = spec.nodes.filter((node) => node.net);
  const before = neurons.some(({net}) => known(net)) ? words.forward
    : [...spec.nodes, ...spec.outputs].some(({out, target}) => known(out ?? target)) ? words.given : words.parameters;
  const weights = words.weights.map((name) => numbers[name]).filter(isKnown);
  const all = weights.length > words.most
    ? {...numbers, least: Math.min(...weights), largest: Math.max(...weights)} : numbers;
  let text = before + (known(spec.total.value) ? words.loss : "");
  for (const {net, out, near = true} of neurons) {
    if (near && isFlat(numbers, net, out, spec.flat)) text = text.replace(`= {${out}|near}`, `≈ {${out}}`);
  }
  text = text.replace(/ (?:=|between) \{([^{}|]+)(?:\|\w+)?\}(?: and \{largest\})?/g,
    (clause, name) => (isKnown(all[name]) ? clause : ""));
  const sentences = [fill(text, all, digits)];
  if (lit.length) sentences.push(`${words.lit} ${lit.join(", ")}.`);
  const {opening, clauses} = words[phase === "forward" ? "" : phase] ?? {clauses: {}};
  const told = Object.keys(clauses).filter(known).map((name) => fill(clauses[name], numbers, digits));
  if (told.length) sentences.push(`${opening} ${told.join(", ")}.`);
  return sentences.join(" ");
}

function isKnown(value) {
  return value !== undefined && value !== null;
}

/** Is an output 1 only because floats end? Beyond such a net input a sigmoid's is. */
function isFlat(numbers, net, out, flat) {
  return Math.abs(numbers[out]) === 1 && Math.abs(numbers[net] ?? 0) > flat;
}

/** A weight or bias for the pointer that rests on it: its number, its way, its derivative. */
function told({name, way, back}, {words}, {numbers, digits}) {
  if (!name) return way;
  const value = isKnown(numbers[name]) ? ` = ${format(numbers[name], digits)}` : "";
  const slope = isKnown(numbers[back]) ? `; ${fill(words.backward.clauses[back], numbers, digits)}` : "";
  return `${name}${value} ${way}${slope}`;
}

/** The size in which a text fits its room. */
function fitted(text, room, size) {
  return Math.floor(10 * Math.min(size, room / Math.max(GLYPH, ems(text)))) / 10;
}

/** What is written with as many digits as its room has, in letters that can be read; more digits than usual were asked for. */
function inRoom(write, digits, room, size) {
  let most = digits;
  while (digits <= USUAL_DIGITS && most > 2 && fitted(write(most), room, size) < Math.min(size, LEAST_LETTER)) most--;
  return write(most);
}

/** How wide a text is at most, in its height. */
function ems(text) {
  return [...text].reduce((sum, letter) => sum + (SLIM[letter] ?? WIDE[letter] ?? GLYPH), 0);
}

/** A class with what holds of a part: lit, or pale since others are; chosen; and more. */
function marked(name, item, {lit, some, chosen}, more = "") {
  const light = lit.has(item) ? " is-lit" : some ? " is-pale" : "";
  return `${name}${light}${chosen === item ? " is-chosen" : ""}${more}`;
}

/** The derivative or the new value that the phase adds to a parameter, with a sign; nothing where it is not known. */
function added({back, new: next}, {numbers, phase}) {
  const [sign, value] = phase === "backward" ? ["← ", numbers[back]] : phase === "update" ? ["→ ", numbers[next]] : [];
  return isKnown(value) ? [sign, value] : null;
}

/** A sign and a number, with so many digits as the room has for them behind a name. */
function shortened([sign, value], room, least, name = "") {
  let text = "";
  for (let digits = PLATE_DIGITS; digits > 1; digits--) {
    text = sign + readable(format(value, digits));
    if (least * ems(name + text) <= room) break;
  }
  return text;
}

/**
 * A line that a number runs along, through two points or more: its ring, a head that points back to its beginning, and
 * room for a finger.
 */
function wayLine([x1, y1, ...more]) {
  const [x2, y2] = more, tag = more.length > 2 ? "polyline" : "line", angle = Math.atan2(y2 - y1, x2 - x1);
  const ends = tag === "line" ? {x1, y1, x2, y2} : {points: [x1, y1, ...more].join(" "), fill: "none"};
  const at = `translate(${x1 + HEAD_AT * Math.cos(angle)} ${y1 + HEAD_AT * Math.sin(angle)})`;
  const ring = drawn(tag, {...ends, class: "bpkit-net-ring"}), line = drawn(tag, {...ends, class: "bpkit-net-line"});
  const flow = drawn(tag, {...ends, class: "bpkit-net-flow"});
  const node = drawn("g", {}, ring, flow, line, drawn(tag, {...ends, class: "bpkit-net-pulse"}),
    drawn("path", {class: "bpkit-net-head", d: "M-6 0L6 -5.5V5.5z", transform: `${at} rotate(${angle * 180 / Math.PI})`}),
    drawn(tag, {...ends, class: "bpkit-net-hit"}));
  const draw = (value, className, slope = 0) => {
    set(flow, {"stroke-width": slope ? (2 + 8 * Math.abs(slope)).toFixed(1) : 0,
      "stroke-dasharray": slope < 0 ? "7 4" : null});
    const wide = !isKnown(value) ? 1.4 : Number.isFinite(value) ? 1 + Math.min(5, 2 * Math.abs(value)) : 6;
    const sign = value < 0 ? " is-negative" : value > 0 ? " is-positive" : "";
    set(line, {"stroke-width": wide.toFixed(2), "stroke-dasharray": value < 0 ? `${(4 + wide).toFixed(1)} ${(3 + wide).toFixed(1)}` : null});
    set(ring, {"stroke-width": (wide + 9).toFixed(1)});
    set(node, {class: className + sign});
  };
  return {node, draw};
}

/** A name as pictures have it: what stands on the line, and what stands low beside it. */
function writtenName(name, {written = {}}) {
  return written[name] ?? [name, ""];
}

/** A name with its low part. */
function nameSpan([word, low], className = "bpkit-net-name") {
  return drawn("tspan", {class: className}, word, low ? drawn("tspan", {dy: ".25em", "font-size": "80%", text: low}) : "");
}

/** How what follows a name finds back to the line. */
function upAgain([, low]) {
  return low ? "-.2em" : null;
}

/**
 * A parameter's name and number on a plate that keeps lines away from the letters; what a phase adds stands below, or
 * beside it, or, where plates are crowded or brief, takes the number's place.
 */
function plateOf(part, spec) {
  const {letter, size} = spec, written = writtenName(part.name, spec);
  const {at: [x, y], room: [room, second], rows, beside} = part.plate;
  const line = size + 1.5, high = size + 3.5, below = 0.35 * size, most = size - 0.5, least = size - 2;
  const plate = drawn("rect", {y: -high / 2, rx: 4}), name = nameSpan(written);
  const number = drawn("tspan", {dy: upAgain(written)}), text = drawn("text", {y: below}, name, number);
  const extra = drawn("text", {class: "bpkit-net-extra", x: beside ? room : 0, y: beside ? below : below + line});
  const node = drawn("g", {transform: `translate(${x} ${y})`}, plate, text, extra);
  const draw = (state) => {
    const value = state.numbers[part.name], found = added(part, state);
    const instead = found && (rows === 1 || (spec.brief && !beside && state.phase === "backward"));
    const more = found ? shortened(found, (instead ? room : second) - 6, least, instead ? `${written.join("")} ` : "") : "";
    const shown = instead ? ` ${more}` : isKnown(value) ? shortened(["=", value], room - 6, least, written.join("")) : "";
    const letters = written.join("").length + shown.length;
    set(number, {text: shown, class: instead ? "bpkit-net-extra" : null});
    set(text, {"font-size": fitted(written.join("") + shown, room - 6, most)});
    set(extra, {text: instead ? "" : more, "font-size": fitted(more, second - 6, most)});
    const one = Math.min(room, letters * letter + 10), two = instead || !more ? 0 : Math.min(second, more.length * letter + 10);
    const wide = beside && two ? room + two : Math.max(one, beside ? 0 : two);
    set(plate, {x: beside ? -4 : -wide / 2, width: wide, height: two && !beside ? high + line : high});
    set(node, {class: marked(`bpkit-net-plate${beside ? "" : " bpkit-net-middle"}${part.cell ? " bpkit-net-cell" : ""}`, lightOf(part, state), state,
      part.key && state.chosen === part.name ? " is-chosen" : "")});
  };
  return {node, draw};
}

/** What lights a parameter's plate: of a graph its own way, or the box that it stands at if any box is lit. */
function lightOf({name, key, into, cell}, {lit, boxes}) {
  return key ?? (into && !cell && boxes && !lit.has(into) ? into : name);
}

/** Lets a part be chosen by pointer and keyboard; `handle` is where the keyboard finds it, if it does. */
function choosable(name, handle, others, choose) {
  const chosen = () => choose(name);
  for (const one of new Set([handle, ...others].filter(Boolean))) set(one, {on: {click: chosen}});
  if (!handle) return () => {};
  set(handle, {on: {keydown: (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    chosen();
  }}});
  return ({choices, chosen: now}) => set(handle, {role: choices ? "button" : null, tabindex: choices ? 0 : null,
    "aria-label": choices ? `choose ${name}` : null, "aria-pressed": choices ? String(now === name) : null});
}

/** A tooltip that is written when the pointer comes. */
function tooltip(nodes, words) {
  for (const node of nodes) {
    const title = drawn("title");
    node.prepend(title);
    set(node, {on: {pointerenter: () => set(title, {text: words()})}});
  }
}

/** A way; of a graph it has a key of its own, since ways share parameters, and some have none. */
function edgePart(edge, spec, choose, tell) {
  const line = wayLine(edge.ends), plate = edge.plate && plateOf(edge, spec);
  const handle = plate && !edge.again ? plate.node : edge.key ? null : line.node;
  const offer = edge.name ? choosable(edge.name, handle, [line.node, plate?.node], choose) : () => {};
  tooltip(plate ? [line.node, plate.node] : [line.node], () => tell(edge));
  const draw = (state) => {
    const more = `${added(edge, state) ? " is-active" : ""}${edge.behind ? " is-behind" : ""}`;
    const chosen = edge.key && edge.name && state.chosen === edge.name ? " is-chosen" : "";
    line.draw(state.numbers[edge.name], marked("bpkit-net-way", edge.key ?? edge.name, state, more + chosen),
      state.slope(edge.back));
    plate?.draw(state);
    offer(state);
  };
  return {way: line.node, body: "", over: plate ? plate.node : "", draw};
}

/** A layer's bias is a source of 1 with ways to its neurons; a neuron's own is a plate above it. */
function biasPart(bias, spec, choose, tell) {
  const lines = bias.ways.map((way) => ({to: way.to, ...wayLine(way.ends)})), plate = plateOf(bias, spec);
  const source = drawn("g", {});
  if (bias.at) {
    const [x, y] = bias.at;
    source.append(drawn("circle", {cx: x, cy: y, r: bias.radius}),
      drawn("text", {class: "bpkit-net-name bpkit-net-middle", x, y: y + 0.35 * spec.size, "font-size": spec.size, text: 1}));
  }
  const offer = choosable(bias.name, bias.again ? null : plate.node, [plate.node, source, ...lines.map((line) => line.node)], choose);
  tooltip([plate.node, source, ...lines.map((line) => line.node)], () => tell(bias));
  const draw = (state) => {
    const on = state.lit.has(bias.name), some = lines.some(({to}) => state.lit.has(to));
    const active = added(bias, state) ? " is-active" : "";
    for (const line of lines) { // where a neuron is lit too, only the way to it
      const here = on && some && !state.lit.has(line.to) ? {...state, lit: new Set()} : state;
      line.draw(state.numbers[bias.name], marked("bpkit-net-way bpkit-net-bias", bias.name, here, active), state.slope(bias.back));
    }
    set(source, {class: marked("bpkit-net-source", bias.name, state)});
    plate.draw(state);
    offer(state);
  };
  return {way: drawn("g", {}, ...lines.map((line) => line.node)), body: source, over: plate.node, draw};
}

/** A neuron or an input: its name, its numbers, a level as high as its output is large, and its delta below it. */
function neuronPart(neuron, spec) {
  const {size} = spec, tabSize = size - 0.5;
  const {name, at: [x, y], half, tall, net, out, delta, by_out: byOut} = neuron;
  const shape = {x: x - half, y: y - tall, width: 2 * half, height: 2 * tall, rx: NODE_CORNER};
  const level = drawn("rect", {...shape, class: "bpkit-net-level"});
  const {text: facts = [], words = ["net ", "out "], near: one = Boolean(net)} = neuron;
  const rows = facts.length ? 1 + facts.length : net ? 3 : 2, row = (place) => y + 0.35 * size + (size + 4.5) * (place - (rows - 1) / 2);
  const text = (place, ...words) => drawn("text", {class: "bpkit-net-middle", x, y: row(place)}, ...words);
  const values = facts.length ? [] : net ? [[net, words[0]], [out, words[1]]] : [[out, ""]];
  const lines = values.map(([quantity, word], place) => ({quantity, word, node: text(place + 1)}));
  const tabWords = drawn("text", {class: "bpkit-net-middle bpkit-net-extra", x, y: y + tall + size + 1.5});
  const tabShape = {x: x - half + 1, y: y + tall + 1.5, width: 2 * half - 2, height: size + 4, rx: 7};
  const strength = drawn("rect", {...tabShape, class: "bpkit-net-strength"}), tabFrame = drawn("rect", tabShape);
  const tab = drawn("g", {class: "bpkit-net-tab"}, tabFrame, strength, tabWords);
  const body = drawn("g", {}, drawn("rect", {...shape, class: "bpkit-net-shape"}), level,
    drawn("rect", {...shape, class: "bpkit-net-frame"}),
    set(text(0, nameSpan(writtenName(name, spec))), {"font-size": size + 0.5}),
    ...facts.map((fact, place) => set(text(place + 1), {"font-size": size, text: fact})),
    ...lines.map((line) => line.node), tab);
  const draw = (state) => {
    const {numbers, digits, phase} = state, value = numbers[out];
    const texts = lines.map(({quantity, word}) => {
      const number = numbers[quantity], about = `≈ ${format(number)}`;
      if (!isKnown(number)) return "";
      if (one && quantity === out && isFlat(numbers, net, out, spec.flat)) return word + readable(about);
      const write = (most) => word + readable(one ? nearOne(number, most) : format(number, most));
      const text = inRoom(write, digits, 2 * half - 10, size);
      return one && digits <= USUAL_DIGITS && roundsToOne(number, digits) && fitted(text, 2 * half - 10, size) < LEAST_LETTER
        ? word + readable(about) : text;
    });
    const high = Math.min(size, ...texts.map((text) => fitted(text, 2 * half - 10, size)));
    lines.forEach(({node}, place) => set(node, {text: texts[place], "font-size": high}));
    const empty = 100 * (1 - Math.min(1, Math.abs(value) || 0));
    set(level, {style: `clip-path:inset(${value < 0 ? `0 0 ${empty.toFixed(1)}% 0` : `${empty.toFixed(1)}% 0 0 0`})`});
    const [word, slope] = isKnown(numbers[delta]) ? ["δ = ", numbers[delta]] : ["∂E/∂out=", net && numbers[byOut]];
    const room = 2 * half - 8, written = (most) => word + readable(format(slope, most));
    const back = phase === "backward" && isKnown(slope) ? inRoom(written, Math.min(digits, USUAL_DIGITS), room, tabSize) : "";
    set(tabWords, {text: back, "font-size": fitted(back, room, tabSize)});
    set(tab, {visibility: back ? null : "hidden"});
    const share = isKnown(numbers[delta]) ? state.delta(delta) : 0;  // from the right, the way that it travels
    set(strength, {style: `clip-path:inset(0 0 0 ${(100 * (1 - Math.abs(share))).toFixed(1)}%)`});
    set(tabFrame, {"stroke-dasharray": share < 0 ? "4 3" : null});
    set(body, {class: marked("bpkit-net-neuron", name, state, value < 0 ? " is-negative" : "")});
  };
  return {way: "", body, over: "", draw};
}

/** A number behind its name, which may be lit. */
function numberPart(quantity, spec, x, y, room, size, end = false) {
  const written = writtenName(quantity, spec), name = nameSpan(written, null), number = drawn("tspan", {dy: upAgain(written)});
  const text = drawn("text", {x, y: y + 4}), frame = drawn("rect", {y: y - size + 3, height: 2 * size - 6, rx: 4});
  const node = drawn("g", {}, frame, text);
  const draw = (state) => {
    const value = state.numbers[quantity];
    const known = isKnown(value), shown = ` = ${readable(format(value ?? 0, state.digits))}`, whole = written.join("") + shown;
    const high = fitted(whole, room - 10, size), width = known ? Math.min(room, (end ? 1.06 : 1) * ems(whole) * high + 10) : 10;
    set(number, {text: shown});
    set(text, {"font-size": high});
    if (text.hasChildNodes() !== known) text.replaceChildren(...(known ? [name, number] : []));
    set(frame, {x: end ? x - width + 5 : x - 5, width});
    set(node, {class: marked(`bpkit-net-number${end ? " bpkit-net-end" : ""}`, quantity, state)});
  };
  return {node, draw};
}

/** Behind an output its target and its error. */
function outputPart({at: [x, y], room = SIDE_ROOM, target, error}, spec) {
  const {size} = spec, parts = [target && numberPart(target, spec, x, y - 9, room, size),
    numberPart(error, spec, x, target ? y + 9 : y, room, size)].filter(Boolean);
  return {way: "", body: drawn("g", {}, ...parts.map((part) => part.node)), over: "",
    draw: (state) => parts.forEach((part) => part.draw(state))};
}

/** Below the network the loss, and how to read the picture. */
function totalPart(spec) {
  const {width, total: {value, low}, legends, move, size} = spec;
  const loss = numberPart(value, spec, width - 14, low, TOTAL_ROOM, 13, true), room = width - 28 - (move ? 0 : TOTAL_ROOM);
  const lines = (move ? [18, 34] : [-7, 8]).map((shift) => drawn("text", {class: "bpkit-net-faint", x: 14, y: low + shift + 4}));
  const body = drawn("g", {}, drawn("line", {class: "bpkit-net-rule", x1: 14, x2: width - 14, y1: low - 18, y2: low - 18}),
    ...lines, loss.node);
  const draw = (state) => {
    loss.draw(state);
    const words = legends[state.phase] ?? legends.forward;
    lines.forEach((line, place) => {
      const text = words[place] ?? "";
      set(line, {text, "font-size": fitted(text, room, size - 0.5)});
    });
  };
  return {way: "", body, over: "", draw};
}

// ------------------------------------------------------------------------------------------- functions of one number

const CURVE_WIDTH = 660, CURVE_HEIGHT = 280, CURVE_NARROWEST = 240; // px
const CURVE_LEFT = 58, CURVE_RIGHT = 20, CURVE_TOP = 28, CURVE_BOTTOM = 42; // px around the frame: fixed, nothing jumps
const CURVE_DASHES = ["", "7 4", "2 4", "10 3 2 3", "14 4", "4 2"]; // a colour's own, unless its series says otherwise
const CURVE_GROWTH = 10; // a run that fails leaves the frame at the top beyond so many times its first value
const CURVE_FAR_GROWTH = 1e6; // the same where powers of ten are at equal distances
const CURVE_BIN = 6; // px: how finely labels look for room between the curves
const CURVE_ROW = 16, CURVE_TEXT = 12, CURVE_LEAD = 22; // px: a label's height, its letters, and the line to a name beside the frame
const CURVE_REACH = 0.16; // of the frame's width, to each side of the point: the tangent
const CURVE_SAID = 24; // a series of so many points or fewer is said in full
const SMALLEST_POWER = -307, GREATEST_POWER = 308; // of ten, that a float has all its digits for
const LEAST_RISE = 7, LEAST_STEP = 16; // px: of a triangle that is worth its labels, of the arrow of a step
const STILL = 1e-4; // of the picture's width: a shorter step is rest
const HOP_ROW = 19; // px: an arrow below the axis
const FOG_EDGE = 24; // px beyond the frame: there the edges of fog are out of sight
const FINE_DECADES = 3; // so few powers of ten have lines between them

/**
 * @typedef {{low: number, high: number, log: boolean, ticks: {value: number, text: string}[], minor: number[]}} Axis
 * @typedef {{left: number, right: number, top: number, bottom: number, across: Axis, up: Axis}} Frame
 * @typedef {{label?: string, x?: ArrayLike<number>, y: ArrayLike<number>, color?: number, dash?: boolean | string,
 *   kind?: "line" | "dots" | "line+dots" | "steps", ended?: number | null, silent?: boolean, nameless?: boolean}} Series `ended`:
 *   the x at which its numbers end, where `y` was cut off there; `silent`: drawn, but not put into words; `nameless`: its
 *   label is for words alone
 */

/** An exponent in small raised digits: 10⁻³. */
export function superscript(power) {
  return String(power).replace(/[-\d]/g, (sign) => (sign === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[sign]));
}

/** A number as it is read beside an axis, with a real minus: −0.25, 3·10⁵. */
export function tickText(value) {
  const [mantissa, exponent] = Number(value.toPrecision(12)).toExponential().split("e"), power = Number(exponent);
  const plain = value === 0 || (power >= -4 && power < 5);
  const text = plain ? String(Number(value.toPrecision(12))) : `${mantissa}·10${superscript(power)}`;
  return text.replace(/^(-?)1·/, "$1").replace("-", "−");
}

/**
 * Round numbers at equal distances. A loose axis ends at round numbers, a tight one where it is told to.
 *
 * It depends on its numbers alone, not on what was drawn before: as its ends are round, it changes in few steps.
 * @param {{most?: number, tight?: boolean, whole?: boolean}} how at most so many steps; whole ones
 * @returns {Axis}
 */
export function linearAxis(low, high, { most = 6, tight = false, whole = false } = {}) {
  [low, high] = [low, high].map((end) => Math.max(-1e300, Math.min(1e300, end)));
  const middle = (low + high) / 2, least = whole ? 1 : Math.abs(middle) * 1e-9;
  if (!(high - low > least)) [low, high] = middle === 0 ? [0, 1] : tight && whole ? [low, low + 1]
    : [middle - Math.abs(middle) / 2, middle + Math.abs(middle) / 2];
  const power = 10 ** Math.floor(Math.log10((high - low) / most));
  const steps = (whole ? [1, 2, 5, 10] : [1, 2, 2.5, 5, 10]).map((nice) => nice * power);
  const step = Math.max(steps.find((one) => (high - low) / one <= most * (1 + 1e-9)), whole ? 1 : 0);
  const first = tight ? Math.ceil(low / step - 1e-9) : Math.floor(low / step + 1e-9);
  const last = tight ? Math.floor(high / step + 1e-9) : Math.ceil(high / step - 1e-9);
  const ticks = Array.from({ length: last - first + 1 }, (_, k) => Number(((first + k) * step).toPrecision(12)));
  const [from, to] = tight ? [low, high] : [ticks[0], ticks.at(-1)];
  return { low: from, high: to, log: false, ticks: ticks.map((value) => ({ value, text: tickText(value) })), minor: [] };
}

/** Powers of ten at equal distances; between few of them also 2, 3, .. 9 times. @returns {Axis} */
export function logAxis(low, high, { most = 7, tight = false } = {}) {
  let [from, to] = [Math.log10(low), Math.log10(high)].map((power) => (Number.isFinite(power) ? power : 0));
  [from, to] = [from, to].map((power) => Math.max(SMALLEST_POWER, Math.min(GREATEST_POWER, power)));
  if (!tight || from >= to) {
    [from, to] = [Math.floor(from + 1e-9), Math.ceil(to - 1e-9)];
    if (to <= from) [from, to] = from < GREATEST_POWER ? [from, from + 1] : [from - 1, from];
  }
  const every = [1, 2, 3, 5, 10, 20, 25, 50, 100, 200].find((powers) => (to - from) / powers <= most);
  const powers = [], minor = [], between = [];
  for (let power = Math.floor(from); power <= to + 1e-9; power++) {
    if (power >= from - 1e-9 && power % every === 0) powers.push(power);
    for (let times = 2; times < 10 && to - from <= FINE_DECADES; times++) {
      const value = times * 10 ** power, place = Math.log10(value);
      if (place < from || place > to) continue;
      minor.push(value);
      if ((times === 2 || times === 5) && to - from <= 1.5) between.push({ value, text: scientificText(times, power) });
    }
  }
  const ticks = powers.map((power) => ({ value: Number(`1e${power}`), text: `10${superscript(power)}` }));
  const ends = tight && low < high ? [low, high] : [Number(`1e${from}`), Number(`1e${to}`)];
  return { low: ends[0], high: ends[1], log: true, ticks: [...ticks, ...between], minor };
}

function scientificText(times, power) {
  return power >= -3 && power < 4 ? tickText(times * 10 ** power) : `${times}·10${superscript(power)}`;
}

/** How far along an axis a number is, from 0 to 1; beyond an end, but not far; 0 is below every power of ten. */
export function alongAxis(axis, value) {
  if (!axis.log) return Math.max(-1, Math.min(2, (value - axis.low) / (axis.high - axis.low)));
  if (value <= 0) return -0.02;
  const from = Math.log10(axis.low);
  return Math.max(-1, Math.min(2, (Math.log10(value) - from) / (Math.log10(axis.high) - from)));
}

/**
 * The points of a long curve that can be seen: of those that share a column of pixels the lowest and the highest, in
 * their order, so that no peak is lost; where numbers end, the first one that is none.
 * @param {ArrayLike<number>} y
 * @param {(i: number) => number} column in which the i-th point is
 */
export function thinned(y, column, columns) {
  const kept = [];
  if (y.length <= 2 * columns) return Array.from(y, (_, i) => i);
  let [here, low, high, finite] = [NaN, 0, 0, false];
  const close = () => {
    kept.push(Math.min(low, high));
    if (low !== high) kept.push(Math.max(low, high));
  };
  for (let i = 0; i < y.length; i++) {
    const now = column(i), good = Number.isFinite(y[i]);
    if (now !== here || good !== finite) {
      if (i) close();
      [here, low, high, finite] = [now, i, i, good];
    } else if (good) {
      if (y[i] < y[low]) low = i;
      if (y[i] > y[high]) high = i;
    }
  }
  close();
  return kept;
}

/**
 * The smallest and the largest number of some series, the smallest above 0, and how far an axis should go.
 *
 * A series that starts at 0.3 and ends beyond all numbers would press everything else into the axis: with `growth` the
 * axis ends at so many times the largest first value, and the curve leaves the frame.
 */
export function extent(series, growth) {
  let [low, high, positive, first, broken] = [Infinity, -Infinity, Infinity, -Infinity, false];
  for (const { x, y, ended } of series) {
    let begun = false;
    for (let i = 0; i < y.length; i++) {
      const value = y[i];
      if (!Number.isFinite(value)) {
        broken ||= !x;
        continue;
      }
      if (!begun) [begun, first] = [true, Math.max(first, value)];
      if (value < low) low = value;
      if (value > high) high = value;
      if (value > 0 && value < positive) positive = value;
    }
    broken ||= (ended ?? null) !== null;
  }
  const times = growth ?? (broken ? CURVE_GROWTH : Infinity);
  const cap = first > 0 ? first * times : Infinity;
  return { low, high, positive, cap, farCap: cap < Infinity ? first * CURVE_FAR_GROWTH : Infinity };
}

/** The axis of the heights: told, or round numbers around all of them. */
export function heightAxis(series, axis, { log, range, most }) {
  const found = extent(series, axis.growth);
  if (range) return log ? logAxis(...range, { most, tight: true }) : linearAxis(...range, { most, tight: true });
  if (log) {
    if (found.positive === Infinity) return logAxis(0.1, 1, { most });
    return logAxis(found.positive, Math.max(found.positive, Math.min(found.high, found.farCap)), { most });
  }
  if (found.low > found.high) return linearAxis(0, 1, { most });
  const low = axis.zero ? Math.min(0, found.low) : found.low;
  return linearAxis(low, Math.max(low, Math.min(found.high, found.cap)), { most });
}

/** The axis of what the heights depend on: told, or from the first number to the last. */
export function lengthAxis(series, axis, { log, range, most }) {
  let [low, high] = range ?? [Infinity, -Infinity];
  for (const { x, y, ended } of range ? [] : series) {
    const count = y.length;
    for (const value of x ?? [0, count - 1]) {
      if (!Number.isFinite(value) || (log && value <= 0) || !count) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    if ((ended ?? null) !== null) high = Math.max(high, ended);
  }
  if (low > high) [low, high] = log ? [0.1, 1] : [0, 1];
  if (log) return logAxis(low, high, { most, tight: true });
  return linearAxis(low, high, { most, tight: true, whole: axis.whole });
}

/** Where a number is in the frame, in pixels. */
const acrossFrame = ({ left, right, across }, value) => left + (right - left) * alongAxis(across, value);
const upFrame = ({ top, bottom, up }, value) => bottom - (bottom - top) * alongAxis(up, value);
const toTenth = (pixels) => Math.round(pixels * 10) / 10;

/**
 * A series in pixels: the outline of its line and of its dots, crosses where numbers end, where it leaves the frame,
 * where it ends, and which heights it fills in each bin of the frame's width.
 * @param {Series} series
 * @param {Frame} frame
 */
export function traced(series, frame) {
  const { y, kind = "line" } = series, at = (i) => (series.x ? series.x[i] : i);
  const columns = Math.ceil(frame.right - frame.left);
  const column = (i) => Math.floor(columns * Math.max(-0.01, Math.min(1.01, alongAxis(frame.across, at(i)))));
  const dotted = kind.includes("dots"), top = frame.top + 7, bottom = frame.bottom - 7;
  const [centre, middle] = [(frame.left + frame.right) / 2, (frame.top + frame.bottom) / 2];
  const [wide, tall] = [frame.right - centre + 1, frame.bottom - middle + 1]; // what of the dots is in sight
  const found = { line: "", dots: "", crosses: "", cross: null, above: null, below: null, end: null, points: 0 };
  const bins = emptyBins(frame);
  let line = "", dots = "", last = null, open = false, ending = null;
  const crossed = (i, where, edge) => {
    found.crosses += `M${toTenth(where - 5)} ${edge - 5}l10 10m0-10l-10 10`;
    found.cross = { x: at(i), at: where, edge };
  };
  for (const i of thinned(y, column, columns)) {
    const value = y[i], where = acrossFrame(frame, at(i));
    if (!Number.isFinite(at(i)) || (frame.across.log && at(i) <= 0)) {
      [last, open] = [null, false];
      continue;
    }
    if (!Number.isFinite(value)) { // the line climbs to the edge, where a cross says that it ends
      const edge = value === -Infinity ? bottom : top;
      if (open) line += `L${toTenth(where)} ${edge - (edge === top ? 7 : -7)}`;
      if (open) shade(bins, frame, last, [where, edge]);
      if (open || dotted) crossed(i, where, edge);
      [open, last] = [false, null];
      ending = null;
      continue;
    }
    const height = upFrame(frame, value), none = frame.up.log && value <= 0;
    found.points++;
    const point = [where, height], x = toTenth(where), down = toTenth(height);
    line += !open ? `M${x} ${down}` : kind === "steps" ? `H${x}V${down}` : `L${x} ${down}`;
    if (dotted && none) found.crosses += `M${toTenth(where - 5)} ${bottom - 5}l10 10m0-10l-10 10`;
    else if (dotted && Math.abs(height - middle) < tall && Math.abs(where - centre) < wide) dots += `M${x} ${down}h0`;
    if (value > frame.up.high * (1 + 1e-9) && value > frame.up.high) {
      found.above ??= { at: where, most: -Infinity };
      found.above.most = Math.max(found.above.most, value);
    }
    if (none || value < frame.up.low - Math.abs(frame.up.low) * 1e-9) {
      found.below ??= { at: where, least: Infinity };
      found.below.least = Math.min(found.below.least, value);
    }
    shade(bins, frame, last ?? point, point);
    [last, open, ending] = [point, true, point];
    found.end = point;
  }
  if ((series.ended ?? null) !== null && ending) { // the numbers were cut off where they end
    const where = acrossFrame(frame, series.ended);
    line += `L${toTenth(where)} ${top - 7}`;
    shade(bins, frame, ending, [where, top]);
    crossed(0, where, top);
    found.cross.x = series.ended;
  }
  return { ...found, bins, line: kind === "dots" ? "" : line, dots };
}

/** For each few pixels of the frame's width the heights that are taken: none yet. */
function emptyBins({ left, right }) {
  const count = Math.ceil((right - left) / CURVE_BIN) + 1;
  return { low: new Float32Array(count).fill(Infinity), high: new Float32Array(count).fill(-Infinity) };
}

/** Note in bins which heights a stretch of line fills. */
function shade({ low, high }, frame, [x0, y0], [x1, y1]) {
  if (x0 > x1) [x0, y0, x1, y1] = [x1, y1, x0, y0];
  const first = Math.max(0, Math.floor((x0 - frame.left) / CURVE_BIN));
  const last = Math.min(low.length - 1, Math.floor((x1 - frame.left) / CURVE_BIN));
  const slope = x1 > x0 ? (y1 - y0) / (x1 - x0) : 0;
  for (let bin = first; bin <= last; bin++) {
    const from = Math.max(x0, frame.left + bin * CURVE_BIN), to = Math.min(x1, frame.left + (bin + 1) * CURVE_BIN);
    const [a, b] = x1 > x0 ? [y0 + slope * (from - x0), y0 + slope * (to - x0)] : [y0, y1];
    low[bin] = Math.min(low[bin], a, b);
    high[bin] = Math.max(high[bin], a, b);
  }
}

/** The heights that a curve has between two places: its upper and its lower edge; null where it is out of sight. */
function heightsBetween({ low, high }, frame, from, to) {
  let [top, bottom] = [Infinity, -Infinity];
  for (let bin = Math.floor((from - frame.left) / CURVE_BIN); bin <= (to - frame.left) / CURVE_BIN; bin++) {
    if (!(low[bin] <= frame.bottom && high[bin] >= frame.top)) continue;
    top = Math.min(top, Math.max(low[bin], frame.top));
    bottom = Math.max(bottom, Math.min(high[bin], frame.bottom));
  }
  return top <= bottom ? [top, bottom] : null;
}

/**
 * Find room for labels: each takes, of its places, the cheapest that hides little; on another label goes none.
 * @param {{width: number, places: [number, number, number][]}[]} labels places: left end, middle, cost
 * @param {{low: Float32Array, high: Float32Array}[]} curves in bins
 * @returns {[number, number][]} left end and middle of each
 */
export function labelPlaces(labels, frame, curves) {
  const taken = [];
  return labels.map(({ width, places }) => {
    const fit = ([x, y, cost]) => [
      Math.max(frame.left + 4, Math.min(frame.right - 4 - width, x)),
      Math.max(frame.top + CURVE_ROW / 2 + 1, Math.min(frame.bottom - CURVE_ROW / 2 - 1, y)), cost];
    const price = ([x, y, cost]) => {
      let sum = cost;
      for (const [left, right, middle] of taken) {
        if (x < right + 6 && x + width > left - 6 && Math.abs(y - middle) < CURVE_ROW) sum += 1000;
      }
      for (const { low, high } of curves) {
        for (let bin = Math.floor((x - frame.left) / CURVE_BIN); bin <= (x + width - frame.left) / CURVE_BIN; bin++) {
          if (low[bin] < y + CURVE_ROW / 2 && high[bin] > y - CURVE_ROW / 2) sum += 6;
        }
      }
      return sum;
    };
    const cheapest = (some) => some.map(fit).map((place) => [price(place), place]).sort((a, b) => a[0] - b[0])[0];
    let best = cheapest(places);
    if (best[0] >= 1000) { // no room near by: look everywhere
      const rows = Array.from({ length: Math.floor((frame.bottom - frame.top) / CURVE_ROW) }, (_, row) => row);
      const [x, y] = best[1];
      const anywhere = rows.flatMap((row) => [x, frame.right, frame.left, (frame.left + frame.right - width) / 2]
        .map((left) => [left, frame.top + (row + 0.5) * CURVE_ROW, Math.abs(frame.top + row * CURVE_ROW - y) / 4]));
      best = cheapest([...anywhere, best[1]]);
    }
    const [x, y] = best[1];
    taken.push([x, x + width, y]);
    return [x, y];
  });
}

/** Heights moved as little as needed, so that they are ``least`` apart, between ``top`` and ``bottom``, in their order. */
export function spreadOut(heights, least, top, bottom) {
  const order = heights.map((_, k) => k).sort((one, other) => heights[one] - heights[other]), found = [...heights];
  let free = top;
  for (const k of order) free = (found[k] = Math.max(found[k], free)) + least;
  free = bottom;
  for (const k of order.toReversed()) free = (found[k] = Math.min(found[k], free)) - least;
  return found;
}

/** Places for a curve's label: above and below it at its end, and then further back. */
function placesAlong(trace, frame, width) {
  const places = [], back = (frame.right - frame.left) / 8;
  const end = Math.min(frame.right - 4, Math.max(frame.left, trace.end?.[0] ?? frame.right));
  for (let step = 0; step < 7; step++) {
    const left = Math.max(frame.left + 4, end - width - step * back);
    const heights = heightsBetween(trace.bins, frame, left, left + width);
    if (!heights) continue;
    for (const away of [0, 1, 2, 3]) {
      places.push([left, heights[0] - 10 - away * CURVE_ROW, 5 * step + 9 * away]);
      places.push([left, heights[1] + 10 + away * CURVE_ROW, 5 * step + 9 * away + 1]);
    }
  }
  return places.length ? places : [[end, frame.top, 0]];
}

/** Places for a label beside a point. */
function placesAround(x, y, width) {
  return [[10, 0], [10, -14], [10, 14], [-10 - width, 0], [-10 - width, -14], [-10 - width, 14], [-width / 2, -18],
    [-width / 2, 18], [16, -32], [16, 32], [-16 - width, -32], [-16 - width, 32]]
    .map(([right, down], k) => [x + right, y + down, k]);
}

const widthOf = { ink: null, known: new Map() };

/** How wide a text is, in pixels; asked of a canvas, as asking the page would lay it out anew. */
function textWidth(text, family) {
  widthOf.ink ??= document.createElement("canvas").getContext("2d");
  if (widthOf.known.size > 1000) widthOf.known.clear();
  const key = `${family}|${text}`;
  if (!widthOf.known.has(key)) {
    widthOf.ink.font = `${CURVE_TEXT}px ${family}`;
    widthOf.known.set(key, Math.ceil(widthOf.ink.measureText(text).width) + 2);
  }
  return widthOf.known.get(key);
}

/** A sentence in rows that are no wider than told. */
function rowsOf(sentence, most, family) {
  const rows = [];
  for (const word of sentence.split(" ").filter(Boolean)) {
    const longer = rows.length ? `${rows.at(-1)} ${word}` : word;
    if (rows.length && textWidth(longer, family) <= most) rows[rows.length - 1] = longer;
    else rows.push(word);
  }
  return rows;
}

/** Nodes of one kind that are made when first needed, then kept: those beyond the list are hidden. */
function keptNodes(parent, tag, attributes = {}) {
  const nodes = [];
  return (wanted) => {
    while (nodes.length < wanted.length) nodes.push(parent.appendChild(drawn(tag, attributes)));
    nodes.forEach((node, i) => set(node, i < wanted.length ? { display: null, ...wanted[i] } : { display: "none" }));
  };
}

const POINT_SHAPES = {
  circle: "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0z",
  star: "M0-9L2.4-3.2L8.6-2.8L3.8 1.2L5.3 7.3L0 4L-5.3 7.3L-3.8 1.2L-8.6-2.8L-2.4-3.2z",
  tick: "M0-7V7",
};
const EDGE_SHAPE = "M0-6L6 4H-6z"; // points up

/**
 * Functions of one number: losses over updates, a loss over one weight, an activation, errors over h.
 *
 * `spec`: `{x: {label, log?, whole?}, y: {label, log?, zero?, growth?}, size?: [width, height], words?}`. `zero`: a
 * linear axis starts at 0; `growth`: it ends at so many times the first value, what grows further leaves the frame.
 * `words` are templates with `{x}`, `{y}` (all have a default): `open` (no holes), `value`, `ends`, `above`, `below`,
 * `marker`, `hover`, `tangent` (`{x}`, `{y}`, `{slope}`), `run`, `rise` (`{run}`, `{rise}`), `arrow` (`{from}`, `{to}`),
 * and `at`: the x of which the words speak.
 *
 * `hops`: so many rows are kept free below the axis, for arrows that add up along it. `beside`, as `{side, room}`: the
 * names of the curves stand in a column at one side of the frame, each led to the end of its curve; the column has so
 * much room, or what the longest name needs.
 *
 * `data`: `{series: Series[], log?, xlog?, xrange?, yrange?, marker?: {x, series}, points?: [{x, y, label?, color?,
 * shape}], tangent?: {x, y, slope, rise?, run?, label?}, arrow?: {from: [x, y], to: [x, y], label?}, clear?: [from, to][],
 * hops?: {from, to, label}[], readings?: {text, color?}[], empty?, digits?}`. `clear`: fog lies on the picture but for
 * these stretches. `run`: that of the triangle, where it fits. `readings` stand below the picture, always at one place.
 * @param {{pick?: (x: number) => void}} on `pick`: the x at which the frame was clicked, or to which it was dragged
 */
export function curve(spec, on = {}) {
  const strip = spec.hops ? spec.hops * HOP_ROW + 6 : 0, [natural, high] = spec.size ?? [CURVE_WIDTH, spec.height ?? CURVE_HEIGHT];
  const tall = high + strip, said = curveTemplates(spec);
  const layer = (name) => drawn("g", { class: name });
  const grid = drawn("path", { class: "bpkit-curve-grid" }), fine = drawn("path", { class: "bpkit-curve-fine" });
  const ends = drawn("path", { class: "bpkit-curve-axes" }), texts = layer("bpkit-curve-ticks");
  const nameX = drawn("text", { class: "bpkit-curve-name", "text-anchor": "end" });
  const nameY = drawn("text", { class: "bpkit-curve-name", x: 4, y: 15, text: spec.y.label });
  const inside = drawn("svg", { class: "bpkit-curve-inside" }), marks = layer("bpkit-curve-marks");
  const writing = layer("bpkit-curve-labels"), nothing = layer("bpkit-curve-empty");
  const ring = drawn("circle", { class: "bpkit-curve-ring", r: 6, display: "none" });
  const back = drawn("rect", { rx: 4 }), head = drawn("text", { class: "bpkit-curve-who" }), body = drawn("text");
  const readout = drawn("g", { class: "bpkit-curve-readout", display: "none" }, back, head, body);
  const svg = drawn("svg", { class: "bpkit-curve-picture", role: "img" }, grid, fine, ends, texts, nameX, nameY, inside,
    marks, writing, nothing, ring, readout);
  const readings = element("p", { class: "bpkit-curve-readings", hidden: true });
  const node = element("div", { class: on.pick ? "bpkit-curve bpkit-curve-picks" : "bpkit-curve",
    style: `max-width:${natural}px` }, svg, readings);

  const ticks = keptNodes(texts, "text"), empty = keptNodes(nothing, "text");
  const triangle = inside.appendChild(drawn("path", { class: "bpkit-curve-triangle" }));
  const lines = keptNodes(inside.appendChild(layer("bpkit-curve-lines")), "path", { class: "bpkit-curve-line" });
  const fog = inside.appendChild(drawn("path", { class: "bpkit-curve-fog" }));
  const tangent = inside.appendChild(drawn("path", { class: "bpkit-curve-tangent" }));
  const dots = keptNodes(marks.appendChild(layer("bpkit-curve-lines")), "path", { class: "bpkit-curve-dots" });
  const upright = marks.appendChild(drawn("path", { class: "bpkit-curve-upright" }));
  const shaft = marks.appendChild(drawn("path", { class: "bpkit-curve-shaft" }));
  const tip = marks.appendChild(drawn("path", { class: "bpkit-curve-tip", d: "M0 0L-10 5V-5z" }));
  const crosses = keptNodes(marks, "path", { class: "bpkit-curve-cross" });
  const edges = keptNodes(marks, "path", { class: "bpkit-curve-edge", d: EDGE_SHAPE });
  const points = keptNodes(marks, "path");
  const hops = keptNodes(marks, "path", { class: "bpkit-curve-hop" }), hopNames = keptNodes(writing, "text");
  const samples = keptNodes(writing, "path", { class: "bpkit-curve-line" });
  const labels = keptNodes(writing, "text", { class: "bpkit-curve-label" });

  let width = natural, data = { series: [] }, frame = null, pointer = null, family = "sans-serif";

  function draw(given) {
    data = given;
    const series = data.series.filter(({ y }) => y.length), log = data.log ?? spec.y.log ?? false;
    const names = spec.beside ? series.map(({ label: name }) => (name ? textWidth(readable(name), family) + CURVE_LEAD + 2 : 0)) : [];
    const wanting = Math.max(spec.beside?.room, ...names);
    const { side, room } = wanting < width / 2 ? { ...spec.beside, room: wanting } : {};  // no column where it is narrow
    frame = { left: side === "left" ? room : CURVE_LEFT, right: width - (side === "left" ? CURVE_LEFT : room ?? CURVE_RIGHT),
      top: CURVE_TOP, bottom: tall - CURVE_BOTTOM - strip, side };
    const most = { x: Math.max(2, Math.floor((frame.right - frame.left) / 56)), y: Math.max(2, Math.floor(tall / 46)) };
    frame.across = lengthAxis(series, spec.x, { log: data.xlog ?? spec.x.log, range: data.xrange, most: most.x });
    frame.up = heightAxis(series, spec.y, { log, range: data.yrange, most: most.y });
    const traces = series.map((one) => traced(one, frame));
    drawFrame();
    drawFog();
    drawHops();
    const colors = series.map(runStyle), wanted = [];
    const dashes = series.map(({ dash, color = 0 }) =>
      (typeof dash === "string" ? dash : dash === false ? "" : CURVE_DASHES[color % 6] || (dash ? "7 4" : "")) || null);
    // The first series is the one that is spoken of: it lies above the others.
    const backward = (list) => list.toReversed();
    lines(backward(traces.map(({ line }, k) => ({ d: line, style: colors[k], "stroke-dasharray": dashes[k] }))));
    dots(backward(traces.map((trace, k) => ({ d: trace.dots, style: colors[k], "stroke-width": trace.line ? 6 : 8,
      "stroke-linecap": (series[k].color ?? 0) % 2 ? "square" : "round" }))));
    crosses(traces.map(({ crosses: d }, k) => ({ d, style: colors[k] })));
    const label = (said, style, places, sample = null) => {
      const text = readable(said);
      const wide = textWidth(text, family) + (sample ? 28 : 0);
      wanted.push({ text, style, width: wide, places: places(wide), sample });
    };
    const leaving = [];
    const gone = traces.map(({ end, cross, above }) => (!end || end[1] < frame.top) && (cross ?? above));
    traces.forEach((trace, k) => {
      const style = colors[k], name = gone[k] && series[k].label ? `${series[k].label}: ` : ""; // named where it leaves
      if (trace.cross) label(name + fill(said.ends, { x: trace.cross.x }, digits()), style,
        (wide) => placesAround(trace.cross.at, trace.cross.edge, wide));
      for (const [left, edge, turn, text, value] of [
        [trace.above, frame.top + 7, 0, said.above, trace.above?.most],
        [trace.below, frame.bottom - 5, 180, said.below, trace.below?.least]]) {
        if (!left) continue;
        const x = Math.max(frame.left + 6, Math.min(frame.right - 6, left.at));
        const zeros = turn && frame.up.log && value <= 0; // they have no place among powers of ten
        if (!(zeros && series[k].kind?.includes("dots"))) {
          leaving.push({ transform: `translate(${toTenth(x)} ${edge}) rotate(${turn})`, style });
        }
        const short = text.replace("{y}", tickText(Number(value.toPrecision(3))));
        const told = zeros ? tickText(value) : turn ? short : short ? name + short : (gone[k] && series[k].label) || "";
        if (told && (!trace.cross || turn)) label(told, style, (wide) => placesAround(x, edge, wide));
      }
    });
    const straight = emptyBins(frame), upright = emptyBins(frame), held = emptyBins(frame);
    drawStep(label, straight);
    drawMarker(label, upright);
    drawPoints(label, leaving, held);
    for (const { cross } of traces) {
      if (cross) shade(held, frame, [cross.at - 6, cross.edge - 6], [cross.at + 6, cross.edge + 6]);
    }
    const curves = [...traces.map(({ bins }) => bins), straight, upright, held];
    edges(leaving);
    const beside = [];
    series.forEach((one, k) => {
      if (!one.label || one.nameless || gone[k]) return;
      const height = side ? upFrame(frame, (side === "left" ? one.y : one.y.toReversed()).find(Number.isFinite)) : NaN;
      if (height >= frame.top - 1 && height <= frame.bottom + 1) beside.push({ text: readable(one.label), style: colors[k], sample: dashes[k], height });
      else label(one.label, colors[k], (wide) => placesAlong(traces[k], frame, wide), dashes[k]);
    });
    const places = labelPlaces(wanted, frame, curves);
    const rowsBeside = spreadOut(beside.map(({ height }) => height), CURVE_ROW, frame.top, frame.bottom);
    const [edge, out] = side === "left" ? [frame.left, -1] : [frame.right, 1];
    labels([...wanted.map(({ text, style, sample }, k) => ({ text, style, x: toTenth(places[k][0] + (sample ? 28 : 0)),
      y: toTenth(places[k][1] + 4), "text-anchor": null })), ...beside.map(({ text, style }, k) => ({ text, style,
      x: edge + CURVE_LEAD * out, y: toTenth(rowsBeside[k] + 4), "text-anchor": out < 0 ? "end" : null }))]);
    samples([...wanted.map(({ style, sample }, k) => ({ style, "stroke-dasharray": sample,
      d: sample ? `M${toTenth(places[k][0])} ${toTenth(places[k][1])}h23` : "" })), ...beside.map(({ style, sample, height }, k) => ({
      style, "stroke-dasharray": sample, d: `M${edge + 18 * out} ${toTenth(rowsBeside[k])}L${edge + out} ${toTenth(height)}` }))]);
    const rows = series.length ? [] : rowsOf(data.empty ?? "", frame.right - frame.left - 16, family);
    empty(rows.map((text, k) => ({ text, x: (frame.left + frame.right) / 2, "text-anchor": "middle",
      y: (frame.top + frame.bottom) / 2 + CURVE_ROW * (k - (rows.length - 1) / 2) })));
    set(svg, { "aria-label": words(data) });
    drawReadings();
    point();
  }

  const digits = () => data.digits ?? 6;

  function drawReadings() {
    const { readings: wanted = [] } = data;
    set(readings, { hidden: !wanted.length });
    while (readings.children.length < wanted.length) readings.append(element("span"));
    wanted.forEach(({ text, color }, k) => set(readings.children[k], { text: readable(text), style: color ?? null }));
  }

  function drawFrame() {
    const { left, right, top, bottom, across, up } = frame, x = (value) => toTenth(acrossFrame(frame, value));
    const y = (value) => toTenth(upFrame(frame, value));
    set(svg, { viewBox: `0 0 ${width} ${tall}` });
    const box = { x: left, y: top - 2, width: right - left, height: bottom - top + 3 }; // a line along an edge is whole
    set(inside, { ...box, viewBox: `${box.x} ${box.y} ${box.width} ${box.height}` });
    set(grid, { d: across.ticks.map(({ value }) => `M${x(value)} ${top}V${bottom}`).join("")
      + up.ticks.map(({ value }) => `M${left} ${y(value)}H${right}`).join("") });
    set(fine, { d: across.minor.map((value) => `M${x(value)} ${top}V${bottom}`).join("")
      + up.minor.map((value) => `M${left} ${y(value)}H${right}`).join("") });
    set(ends, { d: frame.side === "left" ? `M${right} ${top}V${bottom}H${left}` : `M${left} ${top}V${bottom}H${right}` });
    ticks([
      ...across.ticks.map(({ value, text }) => ({ text, x: x(value), y: bottom + 16, "text-anchor": "middle" })),
      ...up.ticks.map(({ value, text }) => ({ text, x: frame.side === "left" ? right + 6 : left - 6, y: y(value) + 4,
        "text-anchor": frame.side === "left" ? "start" : "end" })),
    ]);
    set(nameX, { text: spec.x.label, x: right, y: tall - strip - 8 });
  }

  /** Fog on all but the clear stretches: its edges are soft, so it begins a little within them. */
  function drawFog() {
    const { left, right, top, bottom } = frame;
    const open = (data.clear ?? []).map((ends) => ends.map((end) => Math.max(left, Math.min(right, acrossFrame(frame, end)))))
      .sort(([one], [other]) => one - other);
    let [d, from] = ["", left - FOG_EDGE];
    for (const [start, end] of data.clear ? [...open, [right + FOG_EDGE, right]] : []) {
      if (start > from) d += `M${toTenth(from)} ${top - FOG_EDGE}H${toTenth(start)}V${bottom + FOG_EDGE}H${toTenth(from)}z`;
      from = Math.max(from, end);
    }
    set(fog, { d });
  }

  /** Arrows below the axis, one below the other: each goes on where the last one ends. */
  function drawHops() {
    const wanted = [], names = [];
    (data.hops ?? []).forEach(({ from, to, label: text }, row) => {
      const [a, b] = [from, to].map((end) => Math.max(frame.left, Math.min(frame.right, acrossFrame(frame, end))));
      const y = frame.bottom + CURVE_BOTTOM - 4 + (row + 0.5) * HOP_ROW, way = b < a ? -1 : 1;
      const tip = Math.min(7, Math.abs(b - a)), rise = 0.6 * tip;
      const shown = readable(text), wide = textWidth(shown, family), right = Math.max(a, b) + 8;
      wanted.push({ d: `M${toTenth(a)} ${y - 6}v12M${toTenth(a)} ${y}H${toTenth(b)}`
        + `m${-way * tip} ${-rise}l${way * tip} ${rise}l${-way * tip} ${rise}`,
        style: `--run:var(--${to < from ? "negative" : "positive"})` });
      names.push({ text: shown, y: toTenth(y + 4),
        x: toTenth(right + wide < frame.right ? right : Math.min(a, b) - 8 - wide) });
    });
    hops(wanted);
    hopNames(names);
  }

  /** A short step is drawn as long as can be seen, where it goes on at all. */
  function lengthened([from, to], goes) {
    const far = Math.hypot(to[0] - from[0], to[1] - from[1]);
    if (goes && far > 0 && far < LEAST_STEP) [0, 1].forEach((k) => { to[k] = from[k] + (to[k] - from[k]) * LEAST_STEP / far; });
  }

  /** The tangent with its triangle, and the step. */
  function drawStep(label, filled) {
    const { tangent: line, arrow } = data;
    const straight = line && [line.x, line.y, line.slope].every(Number.isFinite) && !frame.across.log && !frame.up.log
      && line.x >= frame.across.low && line.x <= frame.across.high; // a triangle at the border would be of no place
    const place = (x, y) => [acrossFrame(frame, x), upFrame(frame, y)];
    const path = (...corners) => `M${corners.map((corner) => corner.map(toTenth).join(" ")).join("L")}`;
    let [tangentPath, trianglePath] = ["", ""];
    if (straight) {
      const reach = CURVE_REACH * (frame.across.high - frame.across.low), high = (x) => line.y + line.slope * (x - line.x);
      // A steep line is drawn as far as it can be seen: corners far outside would bend it.
      const most = Math.min(reach, (frame.up.high - frame.up.low) / Math.abs(line.slope || 1e-300));
      const corners = [line.x - most, line.x + most].map((x) => place(x, high(x)));
      tangentPath = path(...corners);
      shade(filled, frame, ...corners);
      if (line.label) label(line.label, "--run:var(--good)", (wide) => corners.flatMap(([x, y], k) =>
        placesAround(Math.max(frame.left, Math.min(frame.right, x)), Math.max(frame.top, Math.min(frame.bottom, y)), wide)
          .map(([over, down, cost]) => [over, down, cost + 3 * k])));
      if (line.rise) {
        const [from, run] = slopeTriangle(line, line.run ?? 0.9 * most, high, frame);
        const [a, b] = [place(from, high(from)), place(from + run, high(from + run))];
        const flat = Math.abs(b[1] - a[1]) < LEAST_RISE; // nothing to be seen of a triangle
        if (!flat) trianglePath = path(a, [b[0], a[1]], b);
        const numbers = { run, rise: line.slope * run }, under = b[1] < a[1] ? 1 : -1;
        if (!flat) label(fill(said.run, numbers, 3), "", (wide) => [[(a[0] + b[0] - wide) / 2, a[1] + under * 11, 0],
          [b[0] - wide, a[1] + under * 11, 2], [(a[0] + b[0] - wide) / 2, a[1] + under * 27, 4]]);
        if (!flat) label(fill(said.rise, numbers, 3), "", (wide) => [[b[0] + 6, (a[1] + b[1]) / 2, 0],
          [b[0] + 6, b[1], 2], [b[0] + 6, a[1], 4], ...placesAround(b[0], (a[1] + b[1]) / 2, wide)]);
      }
    }
    const step = arrow && [...arrow.from, ...arrow.to].every(Number.isFinite)
      && withinFrame(place(...arrow.from), place(...arrow.to), frame);
    if (step) lengthened(step, Math.abs(arrow.to[0] - arrow.from[0]) > STILL * (frame.across.high - frame.across.low));
    if (step) shade(filled, frame, ...step);
    if (step && arrow.label) {
      const [[x0, y], [x1]] = step, [low, top] = [Math.min(x0, x1), Math.max(x0, x1)];
      label(arrow.label, "", (wide) => [[(low + top - wide) / 2, y - 14, top - low > wide ? 0 : 4], [top + 8, y, 1], [low - 8 - wide, y, 2]]);
    }
    const far = step ? Math.hypot(step[1][0] - step[0][0], step[1][1] - step[0][1]) : 0;
    const turn = step ? Math.atan2(step[1][1] - step[0][1], step[1][0] - step[0][0]) * 180 / Math.PI : 0;
    const size = Math.min(1, far / 12); // the tip of a tiny step is tiny too
    set(shaft, { d: far > 0.5 ? path(...step) : "" });
    set(tip, { display: far > 0.5 ? null : "none",
      transform: far > 0.5 ? `translate(${step[1].map(toTenth).join(" ")}) rotate(${toTenth(turn)}) scale(${size})` : null });
    set(tangent, { d: tangentPath });
    set(triangle, { d: trianglePath });
  }

  function drawMarker(label, filled) {
    const { marker } = data, x = marker ? acrossFrame(frame, marker.x) : NaN;
    const seen = x >= frame.left - 0.5 && x <= frame.right + 0.5;
    set(upright, { d: seen ? `M${toTenth(x)} ${frame.top}V${frame.bottom}${strip ? `M${toTenth(x)} ${tall - strip - 4}V${tall - 4}` : ""}` : "" });
    if (!seen) return;
    shade(filled, frame, [x, frame.top], [x, frame.bottom]);
    if (marker.silent) return; // a point on it has the words
    const value = valueAt(data.series[marker.series ?? 0], marker.x), down = upFrame(frame, value);
    const text = fill(Number.isFinite(value) ? said.marker : "{x}", { x: marker.x, y: value }, digits());
    const heights = [frame.top + 12, (frame.top + frame.bottom) / 2, frame.bottom - 12];
    label(text, "", (wide) => [...(Number.isFinite(value) ? placesAround(x, down, wide) : []),
      ...heights.flatMap((y, k) => [[x + 6, y, 14 + k], [x - 6 - wide, y, 14 + k]])]);
  }

  function drawPoints(label, leaving, filled) {
    const own = data.marker ? valueAt(data.series[data.marker.series ?? 0], data.marker.x) : NaN;
    const given = Number.isFinite(own) ? [{ x: data.marker.x, y: own, shape: "circle" }] : [];
    const wanted = [], names = [];
    for (const one of [...(data.points ?? []), ...given]) {
      if (!Number.isFinite(one.x) || !Number.isFinite(one.y)) continue;
      const [x, y] = [acrossFrame(frame, one.x), upFrame(frame, one.y)], style = runStyle(one);
      const held = Math.max(frame.left, Math.min(frame.right, x)), kept = Math.max(frame.top, Math.min(frame.bottom, y));
      if (Math.hypot(x - held, y - kept) < 3) {
        const { shape = "circle" } = one;
        wanted.push({ d: POINT_SHAPES[shape], style, class: `bpkit-curve-${shape}`,
          transform: `translate(${toTenth(held)} ${toTenth(kept)})` });
      } else { // out of sight: a sign at the edge shows where
        const turn = x < frame.left - 1 ? -90 : x > frame.right + 1 ? 90 : y < frame.top ? 0 : 180;
        const inner = Math.max(frame.left + 7, Math.min(frame.right - 7, held));
        const lower = Math.max(frame.top + 7, Math.min(frame.bottom - 7, kept));
        leaving.push({ transform: `translate(${toTenth(inner)} ${toTenth(lower)}) rotate(${turn})`, style });
      }
      shade(filled, frame, [held - 6, kept - 6], [held + 6, kept + 6]);
      if (one.label) names.push([one.label, style, (wide) => placesAround(held, kept, wide)]);
    }
    names.forEach((one) => label(...one)); // when every point has its place
    points(wanted);
  }

  /** Show the numbers of the point next to the pointer. */
  function point() {
    const found = pointer && frame && nearestPoint(data.series, frame, pointer);
    set(ring, { display: found ? null : "none", ...(found && { cx: toTenth(found.at[0]), cy: toTenth(found.at[1]) }) });
    set(readout, { display: found ? null : "none" });
    if (!found) return;
    const text = readable(fill(said.hover, found, digits())), who = found.series.label ?? "";
    const wide = 16 + Math.max(textWidth(text, family), who ? 1.1 * textWidth(who, family) : 0), high = who ? 38 : 22;
    const left = pointer[0] > (frame.left + frame.right) / 2 ? frame.left + 6 : frame.right - 6 - wide;
    set(readout, { style: runStyle(found.series) });
    set(back, { x: toTenth(left), y: frame.top + 5, width: toTenth(wide), height: high });
    set(head, { text: who, x: toTenth(left + 8), y: frame.top + 20 });
    set(body, { text, x: toTenth(left + 8), y: frame.top + high - 2 });
  }

  const moved = (event) => {
    const box = svg.getBoundingClientRect(), scale = box.width ? width / box.width : 1;
    pointer = [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
    const [x, y] = pointer;
    const within = x >= frame?.left - 8 && x <= frame?.right + 8 && y >= frame.top - 8 && y <= tall;
    if (on.pick && within && (event.type === "pointerdown" || svg.hasPointerCapture(event.pointerId))) {
      if (event.type === "pointerdown") svg.setPointerCapture(event.pointerId);
      on.pick(alongFrame(frame, x, spec.x.whole));
    }
    if (!within) pointer = null;
    point();
  };
  const left = () => {
    pointer = null;
    point();
  };
  set(svg, { on: { pointermove: moved, pointerdown: moved, pointerleave: left } });
  // It is drawn for the room that it has, so that letters keep their size on a phone.
  new ResizeObserver(([{ contentRect }]) => {
    const room = Math.max(CURVE_NARROWEST, Math.min(natural, Math.floor(contentRect.width)));
    const letters = getComputedStyle(node).fontFamily;
    if (!contentRect.width || (room === width && letters === family)) return;
    [width, family] = [room, letters];
    if (frame) draw(data);
  }).observe(node);

  const words = (shown) => curveWords(spec, shown);
  return { node, draw, words };
}

const runStyle = ({ color }) => `--run:var(--${color === undefined ? "ink" : `run-${color % 6}`})`;

/** Where the triangle under a tangent begins, and its run: a round one that fits into the frame, on either side. */
function slopeTriangle({ x }, longest, high, { across, up }) {
  const within = (axis, value) => value >= axis.low && value <= axis.high;
  const inside = (value) => within(across, value) && within(up, high(value));
  const runs = [1, 0.5, 0.22].map((share) => niceBelow(share * longest));
  for (const run of runs) {
    if (inside(x + run)) return [x, run];
    if (inside(x - run)) return [x - run, run];
  }
  return [x, runs[0]];
}

/** The largest of 1, 2, 5 times a power of ten that is not above a number. */
export function niceBelow(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return Number(([5, 2, 1].find((nice) => nice * power <= value) * power).toPrecision(12));
}

/** The number at a place across the frame; a whole one where only those have a meaning. */
export function alongFrame({ left, right, across }, pixels, whole = false) {
  const share = Math.max(0, Math.min(1, (pixels - left) / (right - left)));
  if (across.log) return 10 ** (Math.log10(across.low) + share * Math.log10(across.high / across.low));
  const value = across.low + share * (across.high - across.low);
  return whole ? Math.round(value) : value;
}

/** The height of a series where its x is nearest to a number. */
export function valueAt(series, x) {
  if (!series || !series.y.length) return NaN;
  if (!series.x) return series.y[Math.max(0, Math.round(x))] ?? NaN;
  let near = 0;
  for (let i = 1; i < series.y.length; i++) if (Math.abs(series.x[i] - x) < Math.abs(series.x[near] - x)) near = i;
  return series.y[near];
}

/** The point of all series that is nearest to a place; beside counts for more than above. */
export function nearestPoint(series, frame, [x, y]) {
  let best = null, least = Infinity;
  for (const one of series) {
    for (let i = 0; i < one.y.length; i++) {
      const value = one.x ? one.x[i] : i;
      if (!Number.isFinite(one.y[i]) || !Number.isFinite(value)) continue;
      const across = acrossFrame(frame, value), far = 9 * (across - x) ** 2;
      if (far >= least || across < frame.left - 1 || across > frame.right + 1) continue;
      const up = Math.max(frame.top, Math.min(frame.bottom, upFrame(frame, one.y[i]))), sum = far + (up - y) ** 2;
      if (sum < least) [best, least] = [{ series: one, x: value, y: one.y[i], at: [across, up] }, sum];
    }
  }
  return best;
}

/** The part of a straight line that is inside the frame, or null. */
export function withinFrame([x0, y0], [x1, y1], { left, right, top, bottom }) {
  let [from, to] = [0, 1];
  for (const [start, far, low, high] of [[x0, x1 - x0, left, right], [y0, y1 - y0, top, bottom]]) {
    if (!far) {
      if (start < low || start > high) return null;
      continue;
    }
    const [a, b] = [(low - start) / far, (high - start) / far].sort((one, other) => one - other);
    [from, to] = [Math.max(from, a), Math.min(to, b)];
  }
  const at = (share) => [x0 + share * (x1 - x0), y0 + share * (y1 - y0)];
  return from < to ? [at(from), at(to)] : null;
}

function curveTemplates(spec) {
  const plain = (text) => text.replace(/[{}]/g, "$&$&"), [x, y] = [plain(spec.x.label), plain(spec.y.label)];
  return {
    value: "{y} at {x}", ends: "overflows at {x}", above: "up to {y}", below: "down to {y}", marker: "{y} at {x}",
    hover: `${x} {x}, ${y} {y}`, tangent: "The slope at {x} is {slope}.", run: "{run}", rise: "{rise}",
    arrow: "The step goes from {from} to {to}.", ...spec.words,
  };
}

/**
 * What is drawn, in numbers: of a run the first value, those after 1, 10, 100, .. updates and the last; of a function its
 * ends and its lowest point; of few points all.
 */
export function curveWords(spec, data) {
  const said = curveTemplates(spec), digits = data.digits ?? 6, series = data.series.filter(({ y }) => y.length);
  const log = data.log ?? spec.y.log ? ", logarithmic" : "", spoken = series.filter(({ silent }) => !silent);
  const sentences = [said.open ?? `${spec.y.label} against ${spec.x.label}${log}.`];
  if (!series.length && data.empty) sentences.push(data.empty);
  for (const one of spoken) {
    const at = (i) => (one.x ? one.x[i] : i), end = Array.prototype.findIndex.call(one.y, (value) => !Number.isFinite(value));
    const values = spokenIndices(one, said.at).map((i) => fill(said.value, { x: at(i), y: one.y[i] }, digits));
    const where = one.ended ?? (end < 0 ? undefined : at(end));
    if (where !== undefined) values.push(fill(said.ends, { x: where }, digits));
    sentences.push(`${one.label ? `${one.label}: ` : ""}${values.join(", ")}.`);
  }
  const { marker, tangent, arrow, points = [] } = data;
  const shown = marker && valueAt(data.series[marker.series ?? 0], marker.x);
  if (Number.isFinite(shown)) sentences.push(`Shown: ${fill(said.marker, { x: marker.x, y: shown }, digits)}.`);
  for (const { label, x, y } of points) {
    if (label) sentences.push(`${label}: ${fill(said.value, { x, y }, digits)}.`);
  }
  if (tangent) sentences.push(fill(said.tangent, tangent, digits));
  if (arrow) sentences.push(fill(said.arrow, { from: arrow.from[0], to: arrow.to[0] }, digits));
  if (data.hops) sentences.push(`${data.hops.map(({ label }) => label).join("; ")}.`);
  return sentences.join(" ");
}

function spokenIndices({ x, y }, places) {
  if (!x) { // a run: quick, as it may be long
    const last = Array.prototype.findLastIndex.call(y, Number.isFinite);
    const before = [0, 1, 10, 100, 1000, 10_000, 100_000].filter((i) => i < last && Number.isFinite(y[i]));
    return last < 0 ? [] : [...before, last];
  }
  const finite = Array.from(y.keys()).filter((i) => Number.isFinite(y[i])), last = finite.at(-1);
  if (!finite.length) return [];
  const nearest = (place) => finite.reduce((a, b) => (Math.abs(x[b] - place) < Math.abs(x[a] - place) ? b : a));
  if (places) return places.map(nearest);
  if (finite.length <= CURVE_SAID) return finite;
  const lowest = finite.reduce((a, b) => (y[b] < y[a] ? b : a));
  return [...new Set([finite[0], lowest, last])].sort((a, b) => a - b);
}

// ------------------------------------------------------------------------------------------------------------- field
//
// A quantity over two numbers: the loss over two parameters with contour lines and the walk of gradient descent on
// it, or a network's output over the plane with its points and the decision boundary. The grid is a picture on a
// canvas, one pixel for each of its points, which the browser scales; all else is SVG above it.

const FIELD_SIDE = 380;  // pixels of the square plot: downhill is across the contours
const NEURON_SIDE = 56;  // the same for a plot without axes
const FIELD_ROOM = {left: 60, top: 8, right: 12, bottom: 44};  // around the plot, for the axes
const FIELD_LABELS = 24;  // contour labels at most
const FIELD_EQUAL_RATIOS = 100;  // where the highest value is so many times the lowest, contours stand at equal ratios
const FIELD_STEPS = [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10, 15];  // between contours, times a power of ten
const FIELD_SHADES = 256;
const LABEL_HIGH = 13, DIGIT_WIDE = 7.1;  // pixels that a contour's label takes
const MOST_HOPS = 12, HOP = 12, HOP_HIGH = 64;  // steps drawn as bows, corners of each, and pixels of a bow
const AT_REST = 0.01;  // of a walk's first step: a shorter one is rest
const LONG_WALK = 101;  // points of a walk that may have bows
const NUMBERED = 45;  // pixels of a step that has a number at its end
const HEAD_EVERY = 72;  // pixels of a walk from one arrowhead to the next
const POINT_REACH = 3.7;
const BUSY = 8;  // pixels each way of the squares in which a walk is in a label's way
const AROUND = [[0, 0], [LABEL_HIGH, 0], [-LABEL_HIGH, 0], [0, LABEL_HIGH], [0, -LABEL_HIGH]];  // a walk keeps so far off

/**
 * Where a marching-squares line enters and leaves a cell, by which corners are high: pairs of sides (0 bottom, 1 right,
 * 2 top, 3 left), high ground always on the left, so that the lines of neighbouring cells join head to tail. The last
 * two are the saddles whose middle is high.
 */
const CELL_LINES = [
  [], [0, 3], [1, 0], [1, 3], [2, 1], [0, 3, 2, 1], [2, 0], [2, 3],
  [3, 2], [0, 2], [1, 0, 3, 2], [1, 2], [3, 1], [0, 1], [3, 0], [], [0, 1, 2, 3], [3, 0, 1, 2],
];
let contourNext = new Int32Array(0), contourEntered = new Uint8Array(0);  // kept between calls, all zero

/**
 * The contour lines of a grid at one level, by marching squares: each a list x0, y0, x1, y1, .. in grid units, a closed
 * one ending where it begins. Cells with a corner that is not finite are left out.
 * @param {ArrayLike<number>} z ny rows of nx
 * @returns {number[][]}
 */
export function contours(z, nx, ny, level) {
  // A crossing is named by its edge: 2n from grid point n to the right, 2n + 1 from there upwards.
  if (contourNext.length < 2*nx*ny) {
    contourNext = new Int32Array(2*nx*ny);
    contourEntered = new Uint8Array(2*nx*ny);
  }
  const next = contourNext, entered = contourEntered, starts = [], sides = [0, 3, 2*nx, 1];
  for (let row = 0; row < ny - 1; row++) {
    for (let n = row*nx, end = n + nx - 1; n < end; n++) {
      const a = z[n], b = z[n + 1], c = z[n + nx + 1], d = z[n + nx];
      let kind = (a >= level ? 1 : 0) | (b >= level ? 2 : 0) | (c >= level ? 4 : 0) | (d >= level ? 8 : 0);
      if (kind === 0 || kind === 15) continue;
      if (!(Number.isFinite(a) && Number.isFinite(b) && Number.isFinite(c) && Number.isFinite(d))) continue;
      if ((kind === 5 || kind === 10) && (a + b + c + d)/4 >= level) kind = kind === 5 ? 16 : 17;
      const pairs = CELL_LINES[kind];
      for (let k = 0; k < pairs.length; k += 2) {
        const from = 2*n + sides[pairs[k]], to = 2*n + sides[pairs[k + 1]];
        next[from] = to + 1;
        entered[to] = 1;
        starts.push(from);
      }
    }
  }
  const lines = [];
  const follow = (edge) => {
    const line = [];
    for (;;) {
      const n = edge >> 1, column = n % nx, up = edge & 1, from = z[n];
      const share = (level - from)/(z[up ? n + nx : n + 1] - from);
      const x = up ? column : column + share, y = (n - column)/nx + (up ? share : 0);
      const end = line.length;
      // A grid point that is at the level itself is met on two edges.
      if (!end || line[end - 2] !== x || line[end - 1] !== y) line.push(x, y);
      entered[edge] = 0;
      const to = next[edge];
      if (!to) break;
      next[edge] = 0;
      edge = to - 1;
    }
    if (line.length > 2) lines.push(line);
  };
  for (const edge of starts) if (next[edge] && !entered[edge]) follow(edge);  // from the border, or beside a hole
  for (const edge of starts) if (next[edge]) follow(edge);  // what is left is closed
  return lines;
}

/**
 * Round numbers between two ends at which contour lines stand: at equal steps, or at equal ratios where the upper end
 * is more than a hundred times the lower one.
 * @returns {number[]}
 */
export function roundLevels(lo, hi, most = 11) {
  const span = hi - lo, levels = new Set();
  if (!(span > 0 && span < Infinity)) return [];
  if (lo < 0 || hi <= FIELD_EQUAL_RATIOS*lo) {
    const middle = lo/2 + hi/2, power = 10**Math.floor(Math.log10(span/most));
    // Far from zero the steps are counted from a power of ten.
    const far = Math.abs(middle) >= 100*span ? Math.sign(middle)*10**Math.floor(Math.log10(Math.abs(middle))) : 0;
    const step = power*FIELD_STEPS.find((nice) => nice*power >= span/most);
    const first = Math.floor((lo - far)/step);
    for (let k = 0; k <= most + 1; k++) levels.add(Number(((first + k)*step + far).toPrecision(15)));
  } else {
    const low = Math.max(lo, hi/1000);
    for (let k = 0; k < 10; k++) levels.add(Number(format(low*(hi/low)**(k/9), 1)));
  }
  return [...levels].filter((level) => lo < level && level < hi);
}

/** Levels as text, with so many digits that no two read alike. @param {number[]} levels ascending */
export function levelLabels(levels) {
  const apart = Math.min(...levels.slice(1).map((level, k) => level - levels[k]));
  let texts = [];
  for (let digits = 3; digits < 16; digits++) {
    texts = levels.map((level) => format(level, digits));
    if (texts.every((text, k) => Math.abs(Number(text) - levels[k]) < 0.05*apart)) break;
  }
  return texts;
}

/** Four to nine round numbers from one to another, for an axis: pairs of a value and its text. */
export function fieldTicks(lo, hi) {
  const span = hi - lo, power = 10**Math.floor(Math.log10(span));
  const step = power*([0.2, 0.25, 0.5, 1, 2].find((nice) => nice*power*8 >= span) ?? 2);
  const first = Math.ceil(lo/step - 1e-9), last = Math.floor(hi/step + 1e-9);
  return Array.from({length: last - first + 1}, (_, k) => [(first + k)*step, readable(format((first + k)*step, 10))]);
}

/** The value of a grid between its points; x and y are in grid units. */
export function bilinear(z, nx, ny, x, y) {
  const column = Math.max(0, Math.min(nx - 2, Math.floor(x))), row = Math.max(0, Math.min(ny - 2, Math.floor(y)));
  const n = row*nx + column, right = x - column, up = y - row;
  return (1 - up)*((1 - right)*z[n] + right*z[n + 1]) + up*((1 - right)*z[n + nx] + right*z[n + nx + 1]);
}

/**
 * Colour a grid, one pixel for each point, the top row of pixels being the last of the grid. The shades are shared
 * equally among the stretches between knots; what is not finite is left clear.
 * @param {number[]} knots ascending, two or more
 * @param {Uint32Array} shades
 * @param {Uint32Array} pixels
 */
export function heat(z, nx, ny, knots, shades, pixels) {
  const last = knots.length - 2, scale = (shades.length - 1)/(last + 1);
  let band = 0;  // neighbours are mostly in one band
  for (let row = 0; row < ny; row++) {
    const into = (ny - 1 - row)*nx;
    for (let column = 0, n = row*nx; column < nx; column++, n++) {
      const value = z[n];
      if (!Number.isFinite(value)) {
        pixels[into + column] = 0;
        continue;
      }
      while (band < last && value >= knots[band + 1]) band++;
      while (band > 0 && value < knots[band]) band--;
      const share = (value - knots[band])/(knots[band + 1] - knots[band]);
      pixels[into + column] = shades[((band + Math.max(0, Math.min(1, share)))*scale + 0.5) | 0];
    }
  }
}

/** What a canvas takes for a row of shades from colour to colour: [r, g, b] at equal distances. */
function shadesBetween(colors) {
  const shades = new Uint32Array(FIELD_SHADES);
  for (let k = 0; k < FIELD_SHADES; k++) {
    const at = k/(FIELD_SHADES - 1)*(colors.length - 1), first = Math.min(Math.floor(at), colors.length - 2);
    const [r, g, b] = colors[first].map((part, i) => Math.round(part + (at - first)*(colors[first + 1][i] - part)));
    shades[k] = (255 << 24 | b << 16 | g << 8 | r) >>> 0;
  }
  return shades;
}

const shadesOfTheme = new Map();  // all fields of a page share them

/** The shades of a look under the theme that a node is in; the same array as long as the theme is the same. */
function themeShades(style, look) {
  const [paper, low, high, positive] = ["--paper", "--low", "--high", "--positive"].map((name) =>
    style.getPropertyValue(name));
  const key = [look, paper, low, high, positive].join();
  let shades = shadesOfTheme.get(key);
  if (!shades) {
    const brush = Object.assign(document.createElement("canvas"), {width: 1, height: 1}).getContext("2d", {willReadFrequently: true});
    const parts = (color) => {
      brush.fillStyle = color.trim() || "#888";
      brush.fillRect(0, 0, 1, 1);
      return [...brush.getImageData(0, 0, 1, 1).data].slice(0, 3);
    };
    const deep = parts(low).map((part, k) => 0.72*part + 0.28*parts(positive)[k]);  // ink stays readable on it
    shades = shadesBetween((look === "sides" ? [low, paper, high] : [paper, low]).map(parts)
      .concat(look === "sides" ? [] : [deep]));
    shadesOfTheme.set(key, shades);
  }
  return shades;
}

/** The lowest and the highest finite value of a grid, where the lowest is, and how much is above a level. */
export function fieldRange(z, level = NaN) {
  let low = Infinity, high = -Infinity, lowest = -1, above = 0;
  for (let n = 0; n < z.length; n++) {
    const value = z[n];
    if (value > level) above++;
    if (!Number.isFinite(value)) continue;
    if (value < low) { low = value; lowest = n; }
    if (value > high) high = value;
  }
  return {low, high, lowest, above};
}

const tenth = (value) => Math.round(10*value)/10;  // of a pixel: enough, and short

/** The part of a line from one point to another that is within 0 and side each way: two shares of it, or null. */
function shareWithin(x0, y0, x1, y1, side, tall) {
  let from = 0, to = 1;
  for (const [start, way, last] of [[x0, x1 - x0, side], [y0, y1 - y0, tall]]) {
    if (way === 0) {
      if (start < 0 || start > last) return null;
      continue;
    }
    const one = -start/way, other = (last - start)/way;
    from = Math.max(from, Math.min(one, other));
    to = Math.min(to, Math.max(one, other));
  }
  return from <= to ? [from, to] : null;
}

const WHOLE_LINE = [0, 1];
const TOO_FAR = 1e9;  // sides: between two such places floats do not tell where a line crosses the plot

/** An arrowhead: a triangle around a place, pointing along a direction of length 1. */
function arrowhead(x, y, right, down, size) {
  const tip = [x + size*right, y + size*down], back = [x - 0.8*size*right, y - 0.8*size*down], wide = 0.8*size;
  return `M${tenth(tip[0])},${tenth(tip[1])}L${tenth(back[0] - wide*down)},${tenth(back[1] + wide*right)}` +
    `L${tenth(back[0] + wide*down)},${tenth(back[1] - wide*right)}z`;
}

/**
 * The steps of a walk that soon turns back on itself, the first ones as bows to their left, so that there and back lie
 * apart: places in pixels, HOP of them for each step. Null for any other walk, and for a long one.
 */
function hops(steps, toX, toY) {
  const found = [];
  let turns = false, right = 0, down = 0, length = 0;
  if (steps > LONG_WALK) return null;
  for (let k = 0; k < steps; k++) {
    const x1 = toX(k), y1 = toY(k), [x0, y0] = found.at(-1) ?? [x1, y1], [u, v] = [x1 - x0, y1 - y0], long = Math.hypot(u, v);
    turns ||= k <= MOST_HOPS && u*right + v*down < -0.9*long*length;
    const bow = k <= MOST_HOPS ? 4*Math.min(0.12*long, HOP_HIGH)/(long || 1) : 0;
    for (let part = k ? 1 : HOP; part <= HOP; part++) {
      const share = part/HOP, off = bow*share*(1 - share);
      found.push([x0 + share*u + off*v, y0 + share*v - off*u]);
    }
    [right, down, length] = [u, v, long];
  }
  return turns ? found : null;
}

/** A number for each update after a long step, beside its dot where there is room. */
function hopNumbers(places, side, tall) {
  const taken = [...places], found = [];
  places.forEach(([x, y], k) => {
    const [before, beforeDown] = places[Math.max(0, k - 1)], long = Math.hypot(x - before, y - beforeDown);
    if (long < NUMBERED || k > MOST_HOPS) return;
    const [u, v] = [(x - before)/long, (y - beforeDown)/long];
    const off = k === places.length - 1 ? 1.5 : 1;  // a star is wider than a dot
    for (const [on, aside] of [[5, 10], [5, -10], [11, 0], [-4, 11], [-4, -11]]) {
      const at = [x + off*(on*u - aside*v), y + off*(on*v + aside*u)];
      const free = taken.every(([a, b]) => (a === x && b === y) || Math.hypot(a - at[0], b - at[1]) > 11);
      if (!free || Math.min(...at) < 7 || at[0] > side - 7 || at[1] > tall - 7) continue;
      taken.push(at);
      found.push([...at, k]);
      break;
    }
  });
  return found;
}

/**
 * A walk in pixels of the plot, cut at its border: the line, a dot for each update (one where several share half a
 * pixel), arrowheads along it and where it leaves, its two ends (null outside), and the first update outside, or -1.
 * @param {{x: ArrayLike<number>, y: ArrayLike<number>}} walk
 * @param {Uint8Array|null} busy squares of the plot, row by row: 1 is put where the walk goes
 * @param {number} tall the plot's height, if it is no square
 * @param {boolean} alone may its steps be bows with numbers, where it turns back?
 */
export function walkShapes(walk, window, side, busy = null, tall = side, alone = false) {
  const {x: [left, rightEnd], y: [bottom, top]} = window, updates = Math.min(walk.x.length, walk.y.length);
  const toX = (k) => side*(walk.x[k] - left)/(rightEnd - left), toY = (k) => tall - tall*(walk.y[k] - bottom)/(top - bottom);
  let bows = alone ? hops(updates, toX, toY) : null;
  // What swings out of the picture for good ends with the step that leaves: the others would cross it on one another.
  const within = ([x, y], k) => k % HOP === 0 && x >= 0 && x <= side && y >= 0 && y <= tall;
  bows = bows && bows.slice(0, bows.findLastIndex(within) + HOP + 1);
  const steps = bows ? bows.length : updates, each = bows ? HOP : 1;
  const shapes = {line: "", dots: "", count: 0, heads: "", exits: "", start: null, end: null, left: -1, numbers: []};
  const gone = [], across = Math.ceil(side/BUSY) + 1;
  let x0 = 0, y0 = 0, insideBefore = false, pen = false, since = HEAD_EVERY/2, half, halfDown;
  for (let k = 0; k < steps; k++) {
    const [x, y] = bows?.[k] ?? [toX(k), toY(k)];
    const inside = x >= 0 && x <= side && y >= 0 && y <= tall;
    if (!inside && shapes.left < 0) shapes.left = Math.ceil(k/each);
    if (!Number.isFinite(x + y)) break;
    if (k === 0 && inside) shapes.start = [x, y];
    if (k === steps - 1 && inside) shapes.end = [x, y];
    const halves = Math.round(2*x), halvesDown = Math.round(2*y);
    if (halves === half && halvesDown === halfDown) continue;
    half = halves;
    halfDown = halvesDown;
    if (inside && k % each === 0) {
      shapes.dots += `M${tenth(x)},${tenth(y)}h0`;
      shapes.count++;
    }
    const told = inside || insideBefore || Math.hypot(x - x0, y - y0) < TOO_FAR*side;
    const seen = k && told ? (inside && insideBefore ? WHOLE_LINE : shareWithin(x0, y0, x, y, side, tall)) : null;
    if (seen) {
      const [from, to] = seen, right = x - x0, down = y - y0;
      const length = Math.hypot(right, down), shown = (to - from)*length;
      const within = (place, last) => Math.min(last, Math.max(0, place));
      const toX = within(x0 + to*right, side), toY = within(y0 + to*down, tall), u = right/length, v = down/length;
      if (!pen || from > 0) shapes.line += `M${tenth(within(x0 + from*right, side))},${tenth(within(y0 + from*down, tall))}`;
      shapes.line += `L${tenth(toX)},${tenth(toY)}`;
      for (let on = 0; busy && on < shown + BUSY; on += BUSY) {
        const share = Math.min(to, from + on/length);
        busy[Math.floor((y0 + share*down)/BUSY)*across + Math.floor((x0 + share*right)/BUSY)] = 1;
      }
      since += shown;
      const middle = bows && k < MOST_HOPS*HOP && k % HOP === HOP/2 && Math.hypot(bows[k - HOP/2][0] - x, bows[k - HOP/2][1] - y) > 12;
      if (bows ? middle : since >= HEAD_EVERY) {
        shapes.heads += arrowhead(x0 + (from + to)/2*right, y0 + (from + to)/2*down, u, v, 6.5);
        since = 0;
      }
      // A walk that swings to and fro leaves at one place many times: one arrow.
      if (to < 1 && gone.length < 8 && gone.every(([a, b]) => Math.hypot(a - toX, b - toY) > 14)) {
        gone.push([toX, toY]);
        shapes.exits += arrowhead(toX - 9*u, toY - 9*v, u, v, 9);
      }
      pen = to === 1;
    } else pen = false;
    insideBefore = inside;
    x0 = x;
    y0 = y;
  }
  if (bows) shapes.numbers = hopNumbers(bows.filter((_, k) => k % HOP === 0), side, tall);
  for (const place of [shapes.start, shapes.end]) if (busy && place) keepFree(busy, place, side, tall);  // circle and star
  return shapes;
}

/** No label goes where a sign is. */
function keepFree(busy, [x, y], side, tall) {
  const across = Math.ceil(side/BUSY) + 1;
  for (let k = 0; k < 9; k++) {
    const column = Math.floor(x/BUSY) + k % 3 - 1, row = Math.floor(y/BUSY) + Math.floor(k/3) - 1;
    if (Math.min(column, row) >= 0 && column < across && row*BUSY <= tall) busy[row*across + column] = 1;
  }
}

const COVERS = 1, ENDS_COVER = 4;  // pixels: a step so near another hides it, and an end so near
const OUT_OF_SIGHT = 1e5;  // pixels from the plot's corner
const RIM = 3.4, END_RIM = 4.2;  // pixels by which a walk is wider, and its star larger, for each one that hides it

/**
 * What later walks hide of each walk: its steps that they take as well, as a path, by how many at most, and by how many
 * its end.
 * @param {{x: ArrayLike<number>, y: ArrayLike<number>}[]} walks
 */
export function coveredSteps(walks, window, side, tall) {
  const {x: [left, right], y: [bottom, top]} = window;
  const toX = (x) => side*(x - left)/(right - left), toY = (y) => tall - tall*(y - bottom)/(top - bottom);
  return walks.map(({x, y}, place) => {
    const later = walks.slice(place + 1), last = x.length - 1;
    const meets = (other, k, near) => Math.hypot(toX(other.x[k]) - toX(x[k]), toY(other.y[k]) - toY(y[k])) < near;
    let line = "", most = 0;
    for (let k = 1; later.length && k <= last; k++) {
      if (Math.hypot(toX(x[k]), toY(y[k])) > OUT_OF_SIGHT) break;
      if (Math.hypot(toX(x[k]) - toX(x[k - 1]), toY(y[k]) - toY(y[k - 1])) < COVERS) continue; // no line is seen
      const count = later.filter((other) => meets(other, k - 1, COVERS) && meets(other, k, COVERS)).length;
      if (count) line += `M${tenth(toX(x[k - 1]))},${tenth(toY(y[k - 1]))}L${tenth(toX(x[k]))},${tenth(toY(y[k]))}`;
      most = Math.max(most, count);
    }
    return {line, most, ends: later.filter((other) => other.x.length - 1 === last && meets(other, last, ENDS_COVER)).length};
  });
}

const CROSS = "M-6,0h12M0,-6v12", DIAMOND = "M0,-19l19,19l-19,19l-19,-19z";
const star = (reach) => Array.from({length: 10}, (_, k) => {
  const size = k % 2 ? 0.42*reach : reach, turn = Math.PI*k/5;
  return `${tenth(size*Math.sin(turn))},${tenth(-size*Math.cos(turn))}`;
}).join(" ");
const STAR = star(9.5), SMALL_REACH = 6.5;

/** A node's place in the plot, with a turn in degrees; hidden without a place. */
function movedTo(place, turn = 0) {
  if (!place) return {visibility: "hidden"};
  const rotate = turn ? ` rotate(${tenth(turn)})` : "";
  return {visibility: null, transform: `translate(${tenth(place[0])} ${tenth(place[1])})${rotate}`};
}

/** Points of one class as one path: circles for the low class, triangles for the high one. */
function pointShapes(group, toX, toY, kind, reach) {
  const triangle = `l${tenth(1.15*reach)},${2*reach}h${tenth(-2.3*reach)}z`;
  const half = `a${reach},${reach} 0 1 0 `, circle = `${half}${2*reach},0${half}${-2*reach},0z`;
  let path = "";
  for (let k = 0; k < group.x.length; k++) {
    const x = tenth(toX(group.x[k])), y = tenth(toY(group.y[k]));
    path += kind === 1 ? `M${x},${tenth(y - 1.25*reach)}${triangle}` : `M${tenth(x - reach)},${y}${circle}`;
  }
  return path;
}

/**
 * Where the labels of contour lines go: along a line where it is straight, inside, away from other lines and labels,
 * and near where the same label was last time. One for each level at most, none where there is no room.
 * @param {number[][][]} lines in pixels, for each level
 * @param {(x: number, y: number) => number} valueAt
 * @param {(x: number, y: number) => boolean} covered is a walk there?
 * @returns {({x: number, y: number, turn: number, line: number, from: number, to: number}|null)[]}
 */
export function placeLabels(levels, texts, lines, valueAt, covered, side, before = [], tall = side) {
  const taken = [];  // middles of discs that cover the labels: two labels overlap where two discs do
  return levels.map((level, k) => {
    const half = texts[k].length*DIGIT_WIDE/2 + 2, edge = LABEL_HIGH/2 + 3;
    const under = levels[k - 1] ?? -Infinity, over = levels[k + 1] ?? Infinity;
    let best = null, least = Infinity;
    const longest = lines[k].map((line, number) => ({line, number, sums: lineLengths(line)}))
      .sort((a, b) => b.sums.at(-1) - a.sums.at(-1)).slice(0, 3);
    for (const {line, number, sums} of longest) {
      const whole = sums.at(-1);
      const tries = Math.floor((whole - 2*half - 6)/12);
      for (let nth = 0; nth <= tries; nth++) {  // from the middle to the ends: a good one is found early
        const at = whole/2 + (nth % 2 ? 6 : -6)*nth;
        const [x0, y0] = placeAt(line, sums, at - half), [x1, y1] = placeAt(line, sums, at + half);
        const chord = Math.hypot(x1 - x0, y1 - y0), x = (x0 + x1)/2, y = (y0 + y1)/2;
        if (chord < 1.9*half) continue;  // a bend
        const u = (x1 - x0)/chord, v = (y1 - y0)/chord;
        if (Math.min(x0, x1, y0, y1) < edge || Math.max(x0, x1) > side - edge || Math.max(y0, y1) > tall - edge) continue;
        const was = before[k] ? Math.min(1, Math.hypot(x - before[k].x, y - before[k].y)/60) : 0;
        let cost = 30*(1 - chord/(2*half)) + Math.abs(at/whole - 0.5) + was + 1 - whole/longest[0].sums.at(-1);
        if (cost >= least) continue;
        const discs = [];
        for (let step = -half; step <= half + 0.1; step += half/2) discs.push([x + step*u, y + step*v]);
        if (discs.some(([a, b]) => taken.some(([c, d]) => Math.hypot(a - c, b - d) < LABEL_HIGH + 2))) continue;
        let crossed = 0, hidden = 0;
        for (const [a, b] of discs) {
          if (AROUND.some(([right, down]) => covered(a + right, b + down))) hidden++;
          for (const off of [-0.6*LABEL_HIGH, 0.6*LABEL_HIGH]) {
            const value = valueAt(a - off*v, b + off*u);
            if (!(value > under && value < over)) crossed++;
          }
        }
        cost += 0.7*crossed + 2*hidden;
        if (cost < least && crossed < 6 && hidden < discs.length - 1) {  // half a number reads as another one
          least = cost;
          const turn = Math.atan2(v, u)*180/Math.PI;  // never upside down
          best = {x, y, turn: turn > 90 ? turn - 180 : turn <= -90 ? turn + 180 : turn, line: number,
            from: at - half, to: at + half, discs};
        }
      }
    }
    if (best) taken.push(...best.discs);
    return best;
  });
}

/** The length of a line up to each of its corners. */
function lineLengths(line) {
  const sums = [0];
  for (let k = 2; k < line.length; k += 2) {
    sums.push(sums.at(-1) + Math.hypot(line[k] - line[k - 2], line[k + 1] - line[k - 1]));
  }
  return sums;
}

/** The corner of a line before a distance along it. */
function cornerAt(sums, distance) {
  let low = 0, high = sums.length - 2;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (sums[middle] <= distance) low = middle; else high = middle - 1;
  }
  return low;
}

function placeAt(line, sums, distance) {
  const k = cornerAt(sums, distance), share = (distance - sums[k])/(sums[k + 1] - sums[k] || 1);
  return [line[2*k] + share*(line[2*k + 2] - line[2*k]), line[2*k + 1] + share*(line[2*k + 3] - line[2*k + 1])];
}

/** A line as a path, with a gap where its label is. */
function linePath(line, gap) {
  const part = (start, corners, end) => {
    let path = `M${tenth(start[0])},${tenth(start[1])}`;
    for (let k = corners[0]; k <= corners[1]; k++) path += `L${tenth(line[2*k])},${tenth(line[2*k + 1])}`;
    return path + (end ? `L${tenth(end[0])},${tenth(end[1])}` : "");
  };
  const last = line.length/2 - 1;
  if (!gap) return part(line, [1, last]);
  const sums = lineLengths(line);
  return part(line, [1, cornerAt(sums, gap.from)], placeAt(line, sums, gap.from)) +
    part(placeAt(line, sums, gap.to), [cornerAt(sums, gap.to) + 1, last]);
}

/** The numbers that a field's sentences have holes for, from its data. */
export function fieldNumbers(data) {
  const {window, nx, ny, z, points = []} = data, {x: [x_low, x_high], y: [y_low, y_high]} = window;
  const middle = Array.isArray(data.levels) && data.levels.length === 1 ? data.levels[0] : NaN;
  const {low, high, lowest, above} = fieldRange(z, middle);
  const count = (some, what) => points.filter(some).reduce((sum, group) => sum + what(group), 0);
  const all = (group) => group.x.length, bad = (group) => [...(group.wrong ?? [])].filter(Boolean).length;
  const shown = (group) => !group.hollow, test = (group) => group.hollow;
  return {
    x_low, x_high, y_low, y_high, low, high, middle, share: 100*above/z.length,
    low_x: x_low + (x_high - x_low)*(lowest % nx)/(nx - 1),
    low_y: y_low + (y_high - y_low)*Math.floor(lowest/nx)/(ny - 1),
    points: count(shown, all), upper: count((group) => shown(group) && group.kind === 1, all), wrong: count(shown, bad),
    test: count(test, all), test_wrong: count(test, bad), ...data.numbers,
  };
}

/** The sentences of a field whose spec brings none of its own: `words` may replace each. */
function hears(x, y, z) {
  return {
    field: `${z} over ${x} from {x_low} to {x_high} and ${y} from {y_low} to {y_high} is between {low} and {high}, ` +
      `lowest on the grid at ${x} = {low_x}, ${y} = {low_y}.`,
    lowest: `The lowest point (cross) is at ${x} = {at_x|4}, ${y} = {at_y|4}.`,
    goal: "",
    empty: `${z} is not finite anywhere in this picture.`,
    levels: "Contour lines are at {levels}.",
    middle: "It is above {middle}, the decision boundary, on {share|3} % of the picture.",
    walk: `The walk goes from ${x} = {start_x}, ${y} = {start_y} (circle) to ${x} = {end_x}, ${y} = {end_y} (star), ` +
      "with a dot for each update, {updates} in all.",
    left: "It leaves the picture at update {left_at}.",
    points: "{points} points are drawn, {upper} of the high class (triangles) and the others of the low class " +
      "(circles).",
    wrong: "Points on the wrong side of the boundary (ringed): {wrong} of {points}.",
    test: "Test points (hollow) on the wrong side: {test_wrong} of {test}.",
  };
}

/**
 * A quantity over two numbers, as a picture.
 *
 * spec: `{x: {label}, y: {label}, z?: {label}, size?, tall?, small?, look: "heights" | "sides", classes?: [low, high],
 * words?: {field, lowest, goal, empty, levels, middle, walk, left, points, wrong, test}}`; each sentence is a template.
 * `tall` is the plot's height as a share of its width, which is `size`.
 *
 * data: `{window: {x: [lo, hi], y: [lo, hi]}, nx, ny, z, range?, levels?, labels?, walk?, walks?, points?, here?,
 * lowest?, goal?, zoomed?, numbers?}`. `lowest` marks a place `{x, y}` with a cross, `goal` another one `{x, y, label}`
 * with a diamond, `zoomed` frames a window. `z` has ny rows of nx, the lowest y first; given the same array again, only
 * what is above it is drawn.
 * A walk is `{x, y, ended?, color?, label?}`, a group of points `{x, y, kind: 0 | 1, hollow?, wrong?}`, `numbers` more
 * numbers for the sentences.
 * @param {{pick?: (place: [number, number]) => void}} on
 */
export function field(spec, on = {}) {
  const small = Boolean(spec.small), side = spec.size ?? (small ? NEURON_SIDE : FIELD_SIDE);
  const tall = Math.round(side*(spec.tall ?? 1));
  const room = small ? {left: 0, top: 0, right: 0, bottom: 0} : FIELD_ROOM;
  const wide = room.left + side + room.right, high = room.top + tall + room.bottom;
  const look = spec.look ?? "heights", name = spec.z?.label ?? (look === "sides" ? "output" : "value");
  const [xLabel, yLabel] = [spec.x?.label ?? "x", spec.y?.label ?? "y"];
  const sentences = {...hears(xLabel, yLabel, name[0].toUpperCase() + name.slice(1)), ...spec.words};

  // ---- nodes
  const canvas = element("canvas", {class: "bpkit-field-heat", "aria-hidden": "true"});
  const path = (kind) => drawn("path", {class: `bpkit-field-${kind}`});
  const lines = path(look === "sides" ? "boundary" : "contours");
  const labels = drawn("g", {class: "bpkit-field-labels"});
  const walks = drawn("g"), points = drawn("g"), wrong = path("wrong"), here = path("here");
  const lowest = drawn("path", {class: "bpkit-field-lowest", d: CROSS, visibility: "hidden"});
  const goal = drawn("path", {class: "bpkit-field-goal", d: DIAMOND, visibility: "hidden"});
  const zoomed = drawn("rect", {class: "bpkit-field-zoomed", visibility: "hidden"});
  set(here, {d: "M-11,0h6M5,0h6M0,-11v6M0,5v6M-5,0a5,5 0 1 0 10,0a5,5 0 1 0 -10,0z", visibility: "hidden"});
  const plot = drawn("svg", {class: "bpkit-field-plot", role: "presentation", x: room.left, y: room.top,
    width: side, height: tall, viewBox: `0 0 ${side} ${tall}`}, lines, labels, walks, points, wrong, goal, lowest, zoomed, here);
  const axes = drawn("g", {class: "bpkit-field-axes"});
  const picture = drawn("svg", {viewBox: `0 0 ${wide} ${high}`, class: "bpkit-field-picture"}, plot, axes);
  const share = (pixels, of) => `${100*pixels/of}%`;
  const box = `left:${share(room.left, wide)};top:${share(room.top, high)};` +
    `width:${share(side, wide)};height:${share(tall, high)}`;
  const ground = element("div", {class: "bpkit-field-ground", style: box}, canvas);
  const body = element("div", {class: "bpkit-field-body"}, ground, picture);
  const node = element("div", {class: `bpkit-field${small ? " bpkit-field-small" : ""}`, style: `width:${wide}px`});
  let legend = null, readout = null, cover = null;
  if (small) {
    set(node, {"aria-hidden": "true"});  // the picture that it stands in has the words
    node.append(body);
  } else {
    set(picture, {role: "img"});
    legend = element("div", {class: "bpkit-field-legend", style: `padding-left:${share(room.left, wide)}`});
    readout = element("div", {class: "bpkit-field-readout", role: "status", hidden: true});
    cover = element("div", {class: "bpkit-field-cover", style: box}, readout);
    body.append(cover);
    node.append(legend, body);
    set(axes, {"aria-hidden": "true"}).append(
      drawn("rect", {class: "bpkit-field-frame", x: room.left, y: room.top, width: side, height: tall}),
      drawn("text", {x: room.left + side/2, y: high - 7, class: "bpkit-field-name", text: spec.x.label}),
      drawn("text", {x: 0, y: 0, class: "bpkit-field-name", text: spec.y.label,
        transform: `translate(15 ${room.top + tall/2}) rotate(-90)`}));
  }

  // ---- what was drawn last
  let data = null, style = null, grid = {}, image = null, pixels = null, knots = [], places = [];
  let saidOf = null, said = "";
  let legendFor = "", ticksFor = "", marks = null, texts = [], levelTexts = [], curves = [], leaves = false, bent = false;
  const busyAcross = Math.ceil(side/BUSY) + 1, busy = small ? null : new Uint8Array(busyAcross*(Math.ceil(tall/BUSY) + 1));
  const covered = (x, y) => busy[Math.floor(y/BUSY)*busyAcross + Math.floor(x/BUSY)] === 1;
  /** What is drawn larger elsewhere has its labels there. */
  const isZoomed = (x, y) => {
    if (!data.zoomed) return false;
    const {x: [left, right], y: [bottom, top]} = data.zoomed;
    return x >= toX(left) && x <= toX(right) && y >= toY(top) && y <= toY(bottom);
  };
  const groups = new Map(), walkNodes = [];

  const toX = (value) => side*(value - data.window.x[0])/(data.window.x[1] - data.window.x[0]);
  const toY = (value) => tall - tall*(value - data.window.y[0])/(data.window.y[1] - data.window.y[0]);

  const drawHeat = () => {
    const {nx, ny, z} = data;
    if (canvas.width !== nx || canvas.height !== ny || !image) {
      Object.assign(canvas, {width: nx, height: ny});
      // A pixel's middle is a point of the grid, so the picture is half a pixel wider than the plot on each side.
      const [w, h] = [100*nx/(nx - 1), 100*ny/(ny - 1)];
      canvas.style.cssText = `width:${w}%;height:${h}%;left:${(100 - w)/2}%;top:${(100 - h)/2}%`;
      image = new ImageData(nx, ny);
      pixels = new Uint32Array(image.data.buffer);
    }
    heat(z, nx, ny, knots, grid.shades, pixels);
    canvas.getContext("2d").putImageData(image, 0, 0);
  };

  const findLines = () => {
    const {nx, ny, z} = data, toColumn = side/(nx - 1), toRow = tall/(ny - 1);
    curves = grid.levels.map((level) => contours(z, nx, ny, level).map((line) => {
      for (let k = 0; k < line.length; k += 2) {
        line[k] *= toColumn;
        line[k + 1] = tall - line[k + 1]*toRow;
      }
      return line;
    }));
  };

  const drawLines = () => {
    const {nx, ny, z} = data, toColumn = (nx - 1)/side, toRow = (ny - 1)/tall;
    const labelled = !small && (data.labels ?? look === "heights") ? grid.levels.slice(0, FIELD_LABELS) : [];
    places = placeLabels(labelled, levelTexts, curves, (x, y) => bilinear(z, nx, ny, x*toColumn, (tall - y)*toRow),
      (x, y) => covered(x, y) || isZoomed(x, y), side, places, tall);
    set(lines, {d: curves.map((some, k) => some.map((line, number) =>
      linePath(line, places[k]?.line === number ? places[k] : null)).join("")).join("")});
    while (labels.childElementCount < Math.min(labelled.length, FIELD_LABELS)) {
      labels.append(drawn("text"));
      texts = [...labels.children];
    }
    texts.forEach((text, k) => {
      const at = places[k];
      set(text, {text: at ? readable(levelTexts[k]) : "", ...movedTo(at && [at.x, at.y], at?.turn)});
    });
  };

  const drawAxes = () => {
    const key = JSON.stringify(data.window);
    if (key === ticksFor) return;
    ticksFor = key;
    marks ??= [0, 1].map((way) => Array.from({length: 11}, () => {
      const text = drawn("text", {class: way ? "bpkit-field-up" : "bpkit-field-across"}), tick = path("tick");
      axes.append(tick, text);
      return [tick, text];
    }));
    const {left, top} = room, foot = top + tall;
    [data.window.x, data.window.y].forEach((ends, way) => {
      const ticks = fieldTicks(...ends);
      marks[way].forEach(([tick, text], k) => {
        const [value, says] = ticks[k] ?? [0, ""], at = tenth(way ? top + toY(value) : left + toX(value));
        set(tick, {d: !says ? "" : way ? `M${left},${at}h-4` : `M${at},${foot}v4`});
        set(text, {text: says, ...(way ? {x: left - 7, y: at + 4.3} : {x: at, y: foot + 17})});
      });
    });
  };

  const drawWalks = () => {
    const all = [...(data.walk ? [data.walk] : []), ...(data.walks ?? [])];
    while (walkNodes.length < all.length) {
      const parts = {under: path("under"), edge: path("edge"), line: path("walk"), dots: path("dots"), heads: path("heads"),
        exits: path("exits"), start: drawn("circle", {class: "bpkit-field-start", r: 5.5}),
        end: drawn("polygon", {class: "bpkit-field-end", points: STAR}),
        now: drawn("circle", {class: "bpkit-field-now", r: 5}), numbers: drawn("g", {class: "bpkit-field-numbers"})};
      const group = drawn("g", {}, ...Object.values(parts));
      walks.append(group);
      walkNodes.push({group, ...parts});
    }
    busy?.fill(0);
    for (const sign of [data.lowest, data.goal]) if (busy && sign) keepFree(busy, [toX(sign.x), toY(sign.y)], side, tall);
    [leaves, bent] = [false, false];
    const hidden = coveredSteps(all, data.window, side, tall);
    walkNodes.forEach((parts, k) => {
      const walk = all[k] ?? {x: [], y: []}, shapes = walkShapes(walk, data.window, side, busy, tall, walk === data.walk);
      const run = Number.isInteger(walk.color) ? `bpkit-field-run bpkit-field-run-${walk.color % 6}` : null;
      const {line: under, most, ends} = hidden[k] ?? {line: "", most: 0, ends: 0};
      set(parts.group, {class: run});
      set(parts.under, {d: under, "stroke-width": tenth(2.6 + RIM*most)});
      set(parts.edge, {d: shapes.line});
      set(parts.line, {d: shapes.line});
      set(parts.dots, {d: shapes.dots});
      set(parts.heads, {d: run ? "" : shapes.heads});  // several walks would hide one another behind them
      set(parts.exits, {d: shapes.exits});
      while (parts.numbers.childElementCount < shapes.numbers.length) parts.numbers.append(drawn("text"));
      [...parts.numbers.children].forEach((text, place) => {
        const [x, y, number] = shapes.numbers[place] ?? [];
        set(text, {text: number ?? "", ...movedTo(number && [x, y])});
      });
      leaves ||= shapes.exits !== "";
      bent ||= shapes.numbers.length > 0;
      set(parts.start, movedTo(shapes.start));
      set(parts.end, {points: run ? star(SMALL_REACH + END_RIM*ends) : STAR, ...movedTo(walk.ended === false ? null : shapes.end)});
      set(parts.now, movedTo(walk.ended === false ? shapes.end : null));
    });
  };

  const drawPoints = () => {
    const paths = new Map(), reach = small ? 1.6 : POINT_REACH;
    let rings = "";
    for (const group of data.points ?? []) {
      const key = `${group.kind ? "high" : "low"}${group.hollow ? " bpkit-field-hollow" : ""}`;
      paths.set(key, (paths.get(key) ?? "") + pointShapes(group, toX, toY, group.kind, reach));
      if (!groups.has(key)) {
        const made = path(`points bpkit-field-${key}`);
        if (group.hollow) points.prepend(made); else points.append(made);
        groups.set(key, made);
      }
      if (group.wrong && !small) {
        const chosen = [...group.x.keys()].filter((k) => group.wrong[k]);
        rings += pointShapes({x: chosen.map((k) => group.x[k]), y: chosen.map((k) => group.y[k])}, toX, toY, 0, 7);
      }
    }
    for (const [key, made] of groups) set(made, {d: paths.get(key) ?? ""});
    set(wrong, {d: rings});
  };

  /** What the signs mean: of those that this picture has. */
  const drawLegend = () => {
    const some = (test) => (data.points ?? []).some(test), named = (data.walks ?? []).filter((walk) => walk.label);
    const items = [];
    const sign = (shape, text) => items.push([shape, text]);
    if (look === "sides") sign("scale", name);
    if (some(() => true)) {
      const [low, upper] = spec.classes ?? ["low class", "high class"];
      sign("low", low);
      sign("high", upper);
    }
    if (some((group) => group.hollow)) sign("hollow", "test points");
    if (some((group) => group.wrong)) sign("wrong", "wrong side");
    if (data.walk || data.walks?.length) {
      sign("start", "start");
      sign("dots", bent ? "each update, steps bent" : "each update");
      sign("end", "end");
      if (leaves) sign("exits", "leaves");
    }
    if (data.lowest) sign("lowest", "lowest point");
    if (data.goal) sign("goal", data.goal.label);
    named.forEach((walk) => sign(`run-${(walk.color ?? 0) % 6}`, walk.label));
    const key = JSON.stringify(items);
    if (key !== legendFor) {
      legendFor = key;
      legend.replaceChildren(...items.map(([shape, text]) => element("span", {}, ...legendSign(shape, text))));
    }
    if (look === "sides") {
      const ends = legend.firstElementChild.querySelectorAll("b");
      set(ends[0], {text: readable(format(knots[0], 3))});
      set(ends[1], {text: readable(format(knots.at(-1), 3))});
    }
  };

  const levelsOf = ({levels}, {low, high}) => levels === "auto" || (!levels && look === "heights") ?
    roundLevels(low, high) : levels ?? [];

  const draw = (given) => {
    data = given;
    saidOf = null;
    style ??= getComputedStyle(node);
    // Asked for its colours in the midst of a change, the page would be laid out once more.
    const shades = grid.shades ?? themeShades(style, look), {z, nx, ny, window} = data;
    const key = [nx, ny, data.range, data.levels, data.labels].join(";");
    const anew = grid.z !== z || grid.key !== key, painted = grid.shades === shades;
    grid.shades = shades;
    if (anew) {
      Object.assign(grid, {z, key}, fieldRange(z));
      const levels = levelsOf(data, grid), [lo, hi] = data.range ?? [grid.low, grid.high];
      grid.levels = levels;
      levelTexts = levelLabels(levels);
      // Shades are shared among the stretches between levels, so that each of them is seen, however steep the field is.
      knots = [lo, ...levels.filter((level) => lo < level && level < hi), hi > lo ? hi : lo + 1];
      findLines();
    }
    if (anew || !painted) drawHeat();
    if (!small) drawAxes();
    drawWalks();
    // A label that a walk has reached goes elsewhere.
    if (anew || places.some((place) => place?.discs.some(([x, y]) => covered(x, y)))) drawLines();
    drawPoints();
    for (const [mark, at] of [[here, data.here], [lowest, data.lowest], [goal, data.goal]]) {
      set(mark, movedTo(at ? [toX(at.x), toY(at.y)] : null));
    }
    if (data.zoomed) {
      const {x: [left, right], y: [bottom, top]} = data.zoomed;
      set(zoomed, {x: toX(left), y: toY(top), width: toX(right) - toX(left), height: toY(bottom) - toY(top)});
    }
    set(zoomed, {visibility: data.zoomed ? null : "hidden"});
    if (small) return;
    drawLegend();
    set(picture, {"aria-label": words(data)});
    if (!readout.hidden) readOut();
  };

  /** The picture in numbers. */
  const words = (given) => {
    if (given !== saidOf) [saidOf, said] = [given, sentencesOf(given)];
    return said;
  };
  const sentencesOf = (given) => {
    const numbers = fieldNumbers(given);
    const parts = [];
    const say = (kind, more = {}) => {
      if (sentences[kind]) parts.push(fill(sentences[kind], {...numbers, ...more}));
    };
    if (!(numbers.low <= numbers.high)) say("empty");
    else {
      say("field");
      if (Number.isFinite(numbers.middle)) say("middle");
      else {
        const texts = levelLabels(levelsOf(given, numbers));
        const listed = sentences.levels.replaceAll("{levels}", texts.join(", "));
        if (texts.length) parts.push(fill(listed, numbers));
      }
      for (const kind of ["lowest", "goal"]) if (given[kind]) say(kind, {at_x: given[kind].x, at_y: given[kind].y});
    }
    for (const walk of [...(given.walk ? [given.walk] : []), ...(given.walks ?? [])]) {
      const last = walk.x.length - 1;
      if (last < 0) continue;
      if (walk.label) parts.push(`${walk.label}:`);
      say("walk", {start_x: walk.x[0], start_y: walk.y[0], end_x: walk.x[last], end_y: walk.y[last], updates: last});
      const {x: [left, right], y: [bottom, top]} = given.window;
      for (let k = 0; k <= last; k++) {
        if (walk.x[k] >= left && walk.x[k] <= right && walk.y[k] >= bottom && walk.y[k] <= top) continue;
        say("left", {left_at: k});
        break;
      }
    }
    if (numbers.points) {
      say("points");
      if (given.points.some((group) => !group.hollow && group.wrong)) say("wrong");
    }
    if (numbers.test && given.points.some((group) => group.hollow && group.wrong)) say("test");
    return parts.join(" ");
  };

  // ---- a place: looked at, or chosen
  let place = [0.5, 0.5];  // in shares of the plot, from the left and from the top
  const numbersAt = () => {
    const {x: [left, right], y: [bottom, top]} = data.window;
    return [left + place[0]*(right - left), top - place[1]*(top - bottom)];
  };
  const readOut = () => {
    const [x, y] = numbersAt(), {z, nx, ny} = data;
    const value = bilinear(z, nx, ny, place[0]*(nx - 1), (1 - place[1])*(ny - 1));
    const rows = [[spec.x.label, x], [spec.y.label, y], [name, value]];
    set(readout, {hidden: false, style: `left:${share(place[0], 1)};top:${share(place[1], 1)}`,
      class: `bpkit-field-readout${place[0] > 0.6 ? " bpkit-leftwards" : ""}${place[1] > 0.7 ? " bpkit-upwards" : ""}`,
      text: rows.map(([what, number]) => `${what} = ${readable(format(number, 4))}`).join("\n")});
  };
  const lookAt = (event) => {
    if (!data) return;
    const around = cover.getBoundingClientRect(), inside = (share) => Math.max(0, Math.min(1, share));
    place = [inside((event.clientX - around.left)/around.width), inside((event.clientY - around.top)/around.height)];
    readOut();
  };
  const leave = () => set(readout, {hidden: true});
  if (cover) set(cover, {on: {pointermove: lookAt, pointerdown: lookAt, mouseleave: leave}});  // a finger may lift
  if (cover && on.pick) {
    const moves = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};
    set(cover, {
      role: "button", tabindex: 0,
      "aria-label": `Choose ${xLabel} and ${yLabel}: the arrow keys move, Enter chooses`,
      on: {
        click: (event) => { lookAt(event); if (data) on.pick(numbersAt()); },
        blur: leave,
        focus: () => { if (data && cover.matches(":focus-visible")) readOut(); },
        keydown: (event) => {
          if (!data) return;
          const move = moves[event.key], step = event.shiftKey ? 0.1 : 0.02;
          if (move) place = place.map((at, k) => Math.max(0, Math.min(1, at + step*move[k])));
          else if (event.key === "Escape") return void leave();
          else if (event.key !== "Enter" && event.key !== " ") return;
          event.preventDefault();
          readOut();
          if (!move) on.pick(numbersAt());
        },
      },
    });
  }
  // The canvas has a transition of its colour for this alone: it says that the theme has changed.
  const recolour = () => {
    if (!data || themeShades(style, look) === grid.shades) return;
    grid.shades = null;
    draw(data);
  };
  set(canvas, {on: {transitionrun: recolour}});
  new ResizeObserver(recolour).observe(node);  // drawn before it was on the page, it had no colours
  return {node, draw, words};
}

/** A sign of a field's legend and its text. */
function legendSign(shape, text) {
  if (shape === "scale") {
    return [`${text} `, element("b"), element("i", {class: "bpkit-field-scale"}), element("b")];
  }
  const shapes = {
    low: ["circle", {class: "bpkit-field-points bpkit-field-low", r: 3.7}],
    high: ["path", {class: "bpkit-field-points bpkit-field-high", d: "M0,-4.6l4.3,7.4h-8.6z"}],
    hollow: ["circle", {class: "bpkit-field-points bpkit-field-low bpkit-field-hollow", r: 3.7}],
    wrong: ["circle", {class: "bpkit-field-wrong", r: 6}],
    start: ["circle", {class: "bpkit-field-start", r: 5}],
    dots: ["path", {class: "bpkit-field-dots", d: "M0,0h0"}],
    end: ["polygon", {class: "bpkit-field-end", points: STAR, transform: "scale(.75)"}],
    exits: ["path", {class: "bpkit-field-exits", d: arrowhead(0, 1, 0, -1, 7)}],
    lowest: ["path", {class: "bpkit-field-lowest", d: CROSS}],
    goal: ["path", {class: "bpkit-field-goal", d: DIAMOND, transform: "scale(.36)"}],
  };
  const [tag, attributes] = shapes[shape] ?? ["path", {class: "bpkit-field-walk", d: "M-14,0h28"}];
  const run = shape.startsWith("run-"), wide = run ? 30 : 15;
  return [drawn("svg", {class: run ? `bpkit-field-run bpkit-field-${shape}` : null, width: wide, height: 16,
    "aria-hidden": "true", viewBox: `${-wide/2} -8 ${wide} 16`}, drawn(tag, attributes)), text];
}

// -------------------------------------------------------------------------------------------------------- controls

const REDUCED = () => globalThis.matchMedia?.("(prefers-reduced-motion: reduce)").matches ?? false;

/**
 * A control: a row of the page, and how its value is set and shown. Each maker gets the control's spec and a function
 * that takes a new value, and returns `{node, show(value), limit(high)}`; what a person did goes through the function.
 */
const CONTROLS = { number: numberControl, choice: choiceControl, check: checkControl, text: textControl };

/** The value of a slider's place: powers of ten to three digits, which is as exact as the eye is. */
function placed(spec, place) {
  const value = spec.log ? Number((10 ** place).toPrecision(3)) : Number(place.toPrecision(10));
  return spec.whole ? Math.round(value) : value;
}

/** Where a slider stands for a value: at the value, or at the nearer end. */
function place(spec, value, high = spec.high) {
  const at = spec.log ? Math.log10(Math.max(value, 1e-300)) : value;
  return Math.min(Math.max(at, spec.low), high);
}

/** A number within the bounds of its control, and whole where that is asked. */
function bounded(spec, value, high = Infinity) {
  const [low, most] = spec.bounds ?? [-Infinity, Infinity];
  const inside = Math.min(Math.max(value, low), most, high);
  return spec.whole ? Math.round(inside) : inside;
}

/** A control's label: of one of the problem's numbers its name as pictures have it. */
function labelOf({ label, written }) {
  if (!written) return [label];
  const [word, low] = written;
  return [word, low ? element("sub", { text: low }) : null];
}

function numberControl(spec, take) {
  let value = spec.value, high = spec.high, most = Infinity;
  const box = element("input", { type: "text", inputmode: "decimal", autocomplete: "off", spellcheck: "false",
    "aria-label": spec.label, title: spec.tip || spec.label });
  const slider = element("input", { type: "range", min: spec.low, max: high, step: spec.step,
    "aria-label": `${spec.label}, slider` });
  const said = element("p", { hidden: true });
  const say = (words, good = false) => set(said, { text: words, hidden: !words, role: good ? "status" : "alert",
    class: good ? "bpkit-said bpkit-said-good" : "bpkit-said" });
  const show = (next) => {
    if (next !== value) say("");  // what was said is about another number
    value = next;
    const text = exactly(value), stands = String(place(spec, value, high));
    if (box.value !== text && !(box.dirty && box.matches(":focus"))) box.value = text;
    if (slider.value !== stands) slider.value = stands;
    set(slider, { "aria-valuetext": text });
  };
  const enter = () => {
    if (!box.dirty) return;
    box.dirty = false;
    const typed = box.value.trim(), found = read(typed);
    if (found.error || !typed) {
      box.value = exactly(value);
      say(typed ? found.error : `The box was empty. Type a number like ${spec.whole ? 3 : "0.25 or 1/3"}.`);
      return;
    }
    const taken = bounded(spec, found.value, most);
    const ends = spec.bounds ? ` from ${exactly(spec.bounds[0])} to ${exactly(Math.min(spec.bounds[1], most))}` : "";
    const kind = spec.whole ? "whole numbers" : "numbers";
    show(taken);
    take(taken);  // which may settle on another number, and then shows that
    if (taken !== found.value) say(`This box takes ${kind}${ends}. I took ${exactly(taken)}.`);
    else say(/[*/+(^]|\d\s*-/.test(typed) ? `${typed} = ${exactly(taken)}` : "", true);
  };
  const step = (by) => {
    const stands = Math.round((place(spec, value, high) - spec.low) / spec.step);
    const next = bounded(spec, placed(spec, spec.low + (stands + by) * spec.step), most);
    take(bounded(spec, spec.whole && next === value ? value + by : next, most));
  };
  set(box, { on: {
    input: () => { box.dirty = true; },
    change: enter,
    keydown: (event) => {
      if (event.key === "Enter") enter();
      if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
      event.preventDefault();
      box.dirty = false;
      say("");
      step(event.key === "ArrowUp" ? 1 : -1);
      box.value = exactly(value);
    },
  } });
  set(slider, { on: { input: () => { say(""); box.dirty = false; take(bounded(spec, placed(spec, Number(slider.value)), most)); } } });
  show(value);
  return {
    node: element("div", { class: "bpkit-number" }, element("span", { class: "bpkit-label", "aria-hidden": "true" },
      ...labelOf(spec)), box, slider, spec.ends ? element("span", { class: "bpkit-ends", "aria-hidden": "true" },
      ...spec.ends.map((text) => element("span", { text }))) : null, said),
    show,
    step,
    quiet: () => say(""),
    /** Move the upper end: the last update there is to show, say. */
    limit(end) {
      if (end === most) return;
      most = end;
      high = Math.max(place(spec, end, Infinity), spec.low + spec.step);
      set(slider, { max: high });
      show(value);
    },
  };
}

/** A choice all of whose options are seen, one below the other. */
function listedControl(spec, take) {
  const name = `choice-${listedControl.made = (listedControl.made ?? 0) + 1}`;
  const boxes = spec.options.map(([, value]) => element("input", { type: "radio", name, on: { change: () => take(value) } }));
  return {
    node: element("fieldset", { class: "bpkit-listed" }, element("legend", { text: spec.label }),
      ...boxes.map((box, place) => element("label", {}, box, spec.options[place][0]))),
    show(value) { boxes.forEach((box, place) => { box.checked = spec.options[place][1] === value; }); },
  };
}

/** What a control calls one of its values. */
function optionOf({ options }, value) {
  return options.find(([, one]) => one === value)[0];
}

/** The options of a long list below their titles, each with how many it has. */
function inGroups(options, groups) {
  let from = 0;
  const made = groups.map(([label, count]) => element("optgroup", { label }, ...options.slice(from, from += count)));
  return [...made, ...options.slice(from)];
}

function choiceControl(spec, take) {
  if (spec.listed) return listedControl(spec, take);
  const select = element("select", { "aria-label": spec.label, title: spec.tip || null, on: {
    change: () => take(spec.options[select.selectedIndex][1]) } },
    ...inGroups(spec.options.map(([label, value]) => element("option", { text: label,
      value: typeof value === "string" ? value : null })), spec.groups ?? []));
  return {
    node: element("label", { class: "bpkit-choice" }, element("span", { class: "bpkit-label", text: spec.label }), select),
    show(value) {
      const at = spec.options.findIndex(([, one]) => one === value);
      if (select.selectedIndex !== at) select.selectedIndex = at;  // else Chromium's autofill reads every form of the page
    },
  };
}

function checkControl(spec, take) {
  const box = element("input", { type: "checkbox", on: { change: () => take(box.checked) } });
  return {
    node: element("label", { class: "bpkit-check", title: spec.tip || null }, box, ` ${spec.label}`),
    show(value) { box.checked = value; },
  };
}

function textControl(spec, take) {
  let shown = "", typing = false;
  const show = (value) => {
    shown = value;
    if (!typing && box.value !== value) box.value = value;
  };
  const enter = () => { typing = false; take(box.value); };
  const box = element("input", { type: "text", placeholder: spec.hint || null, autocomplete: "off", spellcheck: "false",
    on: spec.live ? { input: enter }
      // What is typed is not the app's before it is entered, and no frame in between may take it away.
      : { input: () => { typing = true; }, change: enter, blur: () => { typing = false; show(shown); } } });
  return {
    node: element("label", { class: "bpkit-text" }, element("span", { class: "bpkit-label", text: spec.label }), box),
    show,
  };
}

/** The buttons that walk along a number's steps; whoever asks for reduced motion gets one step a press. */
function player(app, name, { step = 1, interval = 100, label = "", over = () => false } = {}) {
  let timer = 0, at = NaN;
  const still = REDUCED();
  const toggle = element("button", { type: "button", text: still ? "One step on" : "▶ Play",
    "aria-label": still ? "One step on" : "Play or pause", on: { click: () => (timer ? halt() : start()) } });
  const back = element("button", { type: "button", text: "|◂", "aria-label": "Stop, back to the start",
    title: "Back to the start", on: { click: () => { halt(); app.move({ [name]: app.low(name) }); } } });
  const halt = () => { clearTimeout(timer); timer = 0; if (!still) set(toggle, { text: "▶ Play" }); };
  const ended = () => app.values[name] >= app.high(name) || over();
  const walk = () => {
    const moved = timer && app.values[name] !== at;  // by a person, who wants to see what is there
    if (moved || !toggle.isConnected || ended()) return halt();
    app.move({ [name]: Math.min(app.values[name] + (typeof step === "function" ? step() : step), app.high(name)) });
    at = app.values[name];
    if (!still) timer = setTimeout(walk, interval);
  };
  const start = () => {
    if (ended()) app.move({ [name]: app.low(name) });
    if (!still) set(toggle, { text: "❚❚ Pause" });
    walk();
  };
  // Whoever goes into the box is about to type: the number stays as it is from now on.
  set(app.control[name].node, { on: { focusin: ({ target }) => { if (target.type === "text") halt(); } } });
  return { node: element("span", { class: "bpkit-play", role: "group", "aria-label": `Play ${label || name}` }, toggle, back), halt };
}

// -------------------------------------------------------------------------------------------------------- the page

/** Programs share most of their lines: they come as one list of lines, and for each program the places in it. */
function programsOf(packed) {
  const made = {};
  return (name) => (made[name] ??= compiled(packed.of[name].map((place) => packed.lines[place]).join("\n")));
}

function compiled(text) {
  const names = [...text.matchAll(/^export function (\w+)/gm)].map((found) => found[1]);
  return new Function(`"use strict";\n${text.replaceAll("export function", "function")}\nreturn {${names}};`)();
}

const FRAME = 16; // ms, in which a usual screen has shown what was drawn
const BESIDE = 600; // px that a picture has beside the controls, where JupyterLab's side bar is open

/** An app on the page: controls → values → one frame of all its parts; the kernel, if there is one, hears the values. */
export class App {
  constructor(root, spec, link = null) {
    this.spec = spec;
    this.link = link;
    this.beginning = Object.fromEntries(Object.entries(spec.controls).map(([name, one]) => [name, one.value]));
    this.values = { ...this.beginning, ...spec.values, ...link?.values };
    this.program = programsOf(spec.programs ?? { of: {}, lines: [] });
    this.ends = {};
    this.memory = new Map();
    this.control = {};
    for (const [name, one] of Object.entries(spec.controls))
      if (CONTROLS[one.kind]) this.control[name] = CONTROLS[one.kind](one, (value) => this.move({ [name]: value }));
    this.message = element("p", { class: "bpkit-message" });
    this.twin = element("p", { class: "bpkit-words", hidden: true });
    this.share = element("input", { type: "text", readonly: true, "aria-label": "Share" });
    this.view = VIEWS[spec.view](this);
    this.build(root);
    link?.hear((values) => this.move(values, true), () => this.soon());
    this.frame();
  }

  build(root) {
    const { groups = [], folded = [], rows = [] } = this.spec.layout;
    const piece = (name) => (name === "message" ? this.message : undefined) ?? this.view.parts?.[name]?.node ?? this.view.extra?.[name] ?? this.control[name]?.node;
    const left = groups.map(([title, names]) => (folded.includes(title)
      ? element("details", { class: "bpkit-folded" }, element("summary", { text: title }),
        element("fieldset", { "aria-label": title }, ...names.map(piece)))
      : element("fieldset", {}, element("legend", { text: title }), ...names.map(piece))));
    const right = rows.map((row) => element("div", { class: "bpkit-row" }, ...row.map(piece)));
    // A model's picture that would be cut off beside the controls stands above them.
    const { network: picture } = this.spec.parts ?? {}, cut = picture?.graph && picture.width * GRAPH_SCALE > BESIDE;
    const above = cut && left.length && rows[0].join() === "network" ? right.splice(0, 1) : [];
    const reset = this.button("Reset", "Back to the values of the beginning", () => {
      for (const control of Object.values(this.control)) control.quiet?.();
      this.move(this.beginning);
    });
    const bar = element("div", { class: "bpkit-bar" }, reset, this.control.digits?.node, this.control.twin?.node,
      element("label", { class: "bpkit-share" }, element("span", { class: "bpkit-label", text: "Share" }), this.share));
    // Jupyter would take the keys of a slider for its own, those that move it and those that are its shortcuts. Notebook
    // does so before the app hears of them, unless the node with the focus says otherwise.
    const own = (event) => { if (!event.ctrlKey && !event.metaKey && !event.altKey) event.stopPropagation(); };
    const guard = ({ target }) => set(target, { "data-lm-suppress-shortcuts": "true" });
    this.root = root;
    root.replaceChildren(element("div", { class: "bpkit-app", "data-app": this.spec.view,
      on: { keydown: own, focusin: guard } },
      ...above,
      element("div", { class: `bpkit-body${left.length ? "" : " bpkit-wide"}` },
        left.length ? element("div", { class: "bpkit-controls" }, ...left) : null,
        element("div", { class: "bpkit-views" }, ...right, this.view.silent || rows.flat().includes("message") ? null : this.message)),
      this.spec.share && this.spec.layout.bar !== false ? bar : null, this.twin));
  }

  button(label, tip, press) {
    return element("button", { type: "button", text: label, title: tip, on: { click: press } });
  }

  /** Take new values; the next frame shows the last of them. The kernel hears of those that a person set. */
  move(changes, heard = false) {
    const next = { ...this.values, ...changes };
    if (Object.keys(next).every((name) => next[name] === this.values[name])) return;
    this.values = this.view.settle?.(next, this.values) ?? next;
    if (!heard) this.unsent = true;
    this.soon();
  }

  /** Draw now; what comes before that is painted is drawn together, once. */
  soon() {
    this.stale = true;
    if (this.painting) return;
    this.painting = true;
    requestAnimationFrame(() => {
      this.painting = false;
      if (this.stale) this.soon();
    });
    this.frame();
  }

  low(name) { return bounded(this.spec.controls[name], -Infinity); }
  high(name) { return this.ends[name] ?? this.spec.controls[name].bounds?.[1] ?? this.spec.controls[name].high; }

  /** What was computed for the same numbers before, or what `make` gives now; the last few of each name are kept. */
  known(name, key, make) {
    const text = JSON.stringify(key);
    const kept = this.memory.get(name) ?? this.memory.set(name, new Map()).get(name);
    if (!kept.has(text)) {
      if (kept.size >= 8) kept.delete(kept.keys().next().value);
      kept.set(text, make());
    }
    return kept.get(text);
  }

  frame() {
    this.stale = false;
    for (const [name, control] of Object.entries(this.control)) control.show(this.values[name]);
    const said = this.view.frame(this.values) ?? {};
    for (const [name, end] of Object.entries(said.ends ?? {})) {
      this.ends[name] = end;
      this.control[name].limit(end);
    }
    set(this.message, { text: said.message ?? "", class: `bpkit-message${said.warning ? " bpkit-warning" : ""}`,
      role: said.warning ? "alert" : null });
    if (this.spec.share && !this.share.matches(":focus")) this.share.value = this.expression();
    const words = this.values.twin ? said.words?.() ?? this.words() : "";
    set(this.twin, { text: words, hidden: !words });
    if (this.unsent && this.link) setTimeout(() => this.send(), FRAME);  // at once it would hold up what is painted
  }

  send() {
    if (!this.unsent) return;
    this.unsent = false;
    this.link.send(this.values);
  }

  /** A question is answered: a page that keeps count of them hears of it. */
  done() { this.root.dispatchEvent(new CustomEvent("bpkit-done", { bubbles: true })); }

  /** What all parts show, in words. */
  words() {
    return Object.values(this.view.parts ?? {}).map((part) => part.said?.() ?? "").filter(Boolean).join(" ");
  }

  /** The Python that rebuilds the problem shown: where it comes from, and the numbers that changed. */
  expression() {
    if (this.view.expression) return this.view.expression();
    const { source, names } = this.spec.share, { controls } = this.spec;
    const numbers = (values) => this.view.numbers?.(values) ??
      Object.fromEntries(names.map((name) => [controls[name].given ?? name, values[name]]));
    const now = numbers(this.values), before = numbers({ ...this.values,
      ...Object.fromEntries(names.map((name) => [name, this.beginning[name]])) });
    const changes = Object.keys(now).filter((name) => now[name] !== before[name])
      .map((name) => `${name}=${exactly(now[name])}`);
    const start = this.view.source?.(this.values) || source;
    return changes.length ? `${start}.replace(${changes.join(", ")})` : start;
  }
}

/** A part that remembers what it drew, so that the words can be asked for later. */
function part(made) {
  let last;
  return { node: made.node, draw(data) { last = data; made.draw(data); }, said: () => (last ? made.words?.(last) ?? "" : "") };
}

// ------------------------------------------------------------------------------------------------------ the apps

/** The given numbers of the problem shown, by the names of the lines. */
function givensOf(app, values) {
  const givens = { ...app.spec.givens };
  for (const [name, one] of Object.entries(app.spec.controls))
    if (one.kind === "number" && (one.given ?? name) in givens) givens[one.given ?? name] = values[name];
  return givens;
}

/** Call a printed function with what it needs of some numbers, by name. */
function called(run, inputs, numbers, ...more) {
  return run(...inputs.map((name) => numbers[name]), ...more);
}

/** A sweep: a quantity as a function of one or two of the given numbers, all others as they are. */
function sweep(run, inputs, givens, names, quantity = "E_total") {
  const numbers = inputs.map((name) => givens[name]), places = names.map((name) => inputs.indexOf(name));
  return (...values) => {
    for (let k = 0; k < places.length; k++) numbers[places[k]] = values[k];
    return run(...numbers)[quantity];
  };
}

/** Every quantity at some given numbers. */
function numbersOf(app, program, givens) {
  return { ...givens, ...called(app.program(program).evaluate, app.spec.inputs[program], givens) };
}

/** A run of training: a row for each update, and the update at which the loss overflows, if it does. */
function trained(app, program, givens, steps) {
  const { samples } = app.spec, names = app.spec.recorded[program];
  const inputs = app.spec.inputs[program].filter((name) => !samples?.names.includes(name));
  const data = samples ? [Float64Array.from(samples.rows), samples.first] : [];
  return app.known("run", [program, inputs.map((name) => givens[name]), steps], () => {
    const rows = called(app.program(program).train, inputs, givens, ...data, steps);
    const width = names.length, length = rows.length / width, columns = new Map();
    const column = (name) => {
      const at = names.indexOf(name);
      return Float64Array.from({ length }, (_, row) => rows[row * width + at]);
    };
    return {
      length,
      ended: length <= steps ? length : null,
      column: (name) => columns.get(name) ?? columns.set(name, column(name)).get(name),
      at: (row) => Object.fromEntries(names.map((name, place) => [name, rows[row * width + place]])),
    };
  });
}

/** A run in one sentence, from Python's templates. */
function runSentence(texts, run, rate, digits) {
  const loss = run.column("E_total"), last = run.length - 1;
  const text = run.ended === 0 ? texts.nothing : run.ended ? texts.ended : last === 1 ? texts.once : texts.went;
  return readable(fill(text, { rate, updates: last, ended: run.ended ?? 0, first: loss[0], last: loss[last] }, digits));
}

/** The loss as a function of two parameters, all others as given. */
function lossOver(app, [x, y], givens) {
  return app.spec.samples ? (right, up) =>
    trained(app, "train", { ...givens, [x]: right, [y]: up }, 0).column("E_total")[0] ?? NaN
    : sweep(app.program("loss").evaluate, app.spec.inputs.loss, givens, [x, y]);
}

/** Those numbers on which the loss over two parameters depends. */
const othersOf = ([x, y], givens) => Object.entries(givens).filter(([name]) => ![x, y, "learning_rate"].includes(name));

/** The loss over two parameters, all others as given: a grid of a window, the lowest second parameter first. */
function heightsOver(app, [x, y], givens, window) {
  const { points } = app.spec;
  return app.known("land", [window, x, y, othersOf([x, y], givens)], () => {
    const loss = lossOver(app, [x, y], givens);
    const across = spaced([...window.x, points]), upwards = spaced([...window.y, points]);
    const heights = new Float64Array(points * points);
    upwards.forEach((up, row) => across.forEach((right, column) => { heights[row * points + column] = loss(right, up); }));
    return heights;
  });
}

/** How each app draws its parts: the same name as in Python. A view has its parts, and a frame for some values. */
const VIEWS = {
  forward(app) {
    const { spec } = app, parts = { network: part(network(spec.parts.network)), lines: part(lines(spec.parts.lines)) };
    const { follows, leads } = spec, rows = spec.parts.lines.rows;
    return {
      parts,
      frame(values) {
        const numbers = numbersOf(app, "numbers", givensOf(app, values)), { digits } = values;
        const moved = Object.keys(follows).filter((name) => values[name] !== app.beginning[name]);
        const found = new Set(moved.flatMap((name) => follows[name]));
        const changed = rows.filter(({ name }) => found.has(name));
        const ways = new Set([...moved, ...moved.flatMap((name) => leads[name] ?? [])]);
        parts.network.draw({ numbers, digits, lit: [...ways, ...changed.map((row) => row.name)] });
        parts.lines.draw({ numbers, digits, lit: changed.map((row) => row.number) });
      },
    };
  },

  training(app) {
    const { spec } = app, { texts } = spec, names = [texts.this, ...texts.pins];
    const drawings = Object.fromEntries(Object.entries(spec.parts.networks).map(([one, data]) => [one, network(data)]));
    const diagram = {  // where each neuron has a bias of its own, there are more of them to draw
      node: element("div", {}, ...Object.values(drawings).map((one) => one.node)),
      draw(data) {
        for (const [policy, one] of Object.entries(drawings)) set(one.node, { hidden: policy !== data.policy });
        drawings[data.policy].draw(data);
      },
      words: (data) => drawings[data.policy].words(data),
    };
    const parts = { curve: part(curve(spec.parts.curve, { pick: (x) => app.move({ shown: Math.round(x) }) })),
      network: part(diagram) };
    const program = (values) => `${values.activation} ${values.rule} ${values.biases}`;
    const start = (values) => {
      const givens = { ...givensOf(app, values), ...spec.constants[program(values)] };
      const starts = Object.entries(spec.starts[values.biases]).map(([own, layers]) => [own, givens[layers]]);
      return { ...givens, ...Object.fromEntries(starts) };
    };
    const runOf = (values) => trained(app, program(values), start(values), values.updates);
    const pin = () => {
      const { pinned } = app.values, rest = pinned.length === names.length - 1 ? pinned.slice(1) : pinned;
      const name = names.slice(1).find((one) => rest.every(([taken]) => taken !== one));
      app.move({ pinned: [...rest, [name, Object.fromEntries(spec.kept.map((one) => [one, app.values[one]]))]] });
    };
    const shared = (values) => {  // the numbers of the problem by their own names: a layer's bias may be that of many
      const { [values.biases]: starts } = spec.starts, all = start(values), layers = new Set(Object.values(starts));
      const names = spec.share.names.map((name) => spec.controls[name].given ?? name).filter((name) => !layers.has(name));
      return Object.fromEntries([...names, ...Object.keys(starts)].map((name) => [name, all[name]]));
    };
    const stride = () => Math.max(1, Math.floor(app.high("shown") / 100));
    const presets = spec.presets.map(({ label, values }) => [app.button(label, null, () => app.move(values)), values]);
    return {
      parts,
      numbers: shared,
      source: (values) => spec.sources[program(values)],
      extra: {
        play: player(app, "shown", { step: stride, label: "the updates" }).node,
        presets: element("span", { class: "bpkit-presets", role: "group", "aria-label": texts.presets }, texts.presets,
          ...presets.map(([button]) => button)),
        pins: element("span", { class: "bpkit-play" }, app.button(texts.pin, texts.pinTip, pin),
          app.button(texts.unpin, texts.unpinTip, () => app.move({ pinned: [] }))),
      },
      frame(values) {
        const runs = [[names[0], values], ...values.pinned.map(([name, kept]) => [name, { ...values, ...kept }])]
          .map(([name, set]) => ({ name, set, run: runOf(set), color: names.indexOf(name) }));
        for (const [button, chosen] of presets)
          set(button, { "aria-pressed": String(Object.entries(chosen).every(([name, value]) => values[name] === value)) });
        const [{ run }, ...pins] = runs, shown = Math.min(values.shown, run.length - 1);
        parts.curve.draw({
          series: runs.map(({ name, set, run, color }) => ({
            label: fill(texts.run, { rate: set.rate }).replace("{name}", name), y: run.column("E_total"), color,
            kind: run.length <= spec.dotted ? "line+dots" : "line", dash: color > 0, ended: run.ended })),
          log: values.log, marker: run.length ? { x: shown, series: 0 } : undefined, digits: values.digits,
        });
        const here = { ...start(values), ...(run.length ? run.at(shown) : {}) };
        const numbers = spec.samples ? here : numbersOf(app, program(values), here);  // several samples have no one net
        parts.network.draw({ numbers, digits: values.digits, policy: values.biases });
        /** After how many updates a run's loss is small enough, where that was asked for. */
        const below = (one) => {
          if (spec.below === null || one.ended !== null) return "";
          const count = one.column("E_total").findIndex((loss) => loss < spec.below);
          return ` ${fill(count < 0 ? texts.above : texts.below, { below: spec.below, count })}`;
        };
        const said = pins.map((one) => `${one.name}: ${runSentence(texts, one.run, one.set.rate, values.digits)}${below(one.run)}`);
        return {
          message: [runSentence(texts, run, values.rate, values.digits) + below(run), ...said].join(" "),
          warning: run.ended !== null,
          ends: { shown: Math.max(1, run.length - 1) },
        };
      },
    };
  },

  surface(app) {
    const { spec } = app, { texts, points } = spec;
    const shell = element("div"), pair = ({ x, y }) => `${x} ${y}`;
    const spelled = (name) => optionOf(spec.controls.x, name);
    let over = false;  // has the walk left the picture, or come to rest?
    let made = {};  // one field, with the axes that are chosen: of many parameters there are hundreds of pairs
    const shown = (values) => {
      if (made.pair !== pair(values)) made = { pair: pair(values), ...field({ size: 400, look: "heights",
        x: { label: spelled(values.x) }, y: { label: spelled(values.y) }, z: { label: "loss E" } }) };
      return made;
    };
    const parts = { field: part({
      node: shell,
      draw(data) {
        const now = shown(data.values);
        if (shell.firstChild !== now.node) shell.replaceChildren(now.node);
        now.draw(data);
      },
      words: (data) => shown(data.values).words(data),
    }) };
    const window = ({ x, y, zoom }) => {
      const [mx, my, reach] = spec.windows[`${x} ${y}`] ?? spec.windows[`${y} ${x}`].toSpliced(0, 2,
        spec.windows[`${y} ${x}`][1], spec.windows[`${y} ${x}`][0]);
      return { x: [mx - reach / zoom, mx + reach / zoom], y: [my - reach / zoom, my + reach / zoom] };
    };
    const landscape = (values, givens, part) => heightsOver(app, [values.x, values.y], givens, part);
    const ofTwo = (values, givens) => app.known("two", [givens, values.updates, pair(values)], () => {
      const { evaluate } = app.program("all"), here = { ...givens }, rows = [];
      const moving = Object.entries(spec.new).filter(([, old]) => !spec.controls[old] || old === values.x || old === values.y);
      for (let made = 0; made <= values.updates; made++) {
        const numbers = called(evaluate, spec.inputs.all, here);
        if (!Number.isFinite(numbers.E_total)) break;
        rows.push([here[values.x], here[values.y], numbers.E_total]);
        for (const [name, old] of moving) here[old] = numbers[name];
      }
      const place = { [values.x]: 0, [values.y]: 1, E_total: 2 };
      const columns = [0, 1, 2].map((one) => Float64Array.from(rows, (row) => row[one]));
      return { length: rows.length, ended: rows.length <= values.updates ? rows.length : null,
        column: (name) => columns[place[name]] };
    });
    return {
      parts,
      extra: { play: player(app, "updates", { interval: 600, label: "the steps", over: () => over }).node },
      settle(next, before) {
        if (next.x !== next.y) return next;
        if (before.x === next.x) return { ...next, x: before.y };
        return { ...next, y: before.y === next.x ? before.x : before.y };
      },
      frame(values) {
        const givens = givensOf(app, values), part = window(values);
        const run = values.only ? ofTwo(values, givens) : trained(app, "train", givens, values.updates);
        const [xs, ys] = [run.column(values.x), run.column(values.y)];
        parts.field.draw({ values, window: part, nx: points, ny: points, z: landscape(values, givens, part), labels: true,
          levels: "auto", walk: run.length ? { x: xs, y: ys } : undefined });
        const within = (x, k) => x >= part.x[0] && x <= part.x[1] && ys[k] >= part.y[0] && ys[k] <= part.y[1];
        const inside = xs.some(within), long = (k) => Math.hypot(xs[k] - xs[k - 1], ys[k] - ys[k - 1]), last = run.length - 1;
        over = last > 1 && (long(last) < AT_REST * long(1) || !within(xs[last], last) && !within(xs[last - 1], last - 1));
        const where = !inside && run.length ? texts.outside : fill(values.only ? texts.only : texts.all, {})
          .replace("{x}", spelled(values.x)).replace("{y}", spelled(values.y));
        return { message: `${runSentence(texts, run, values.rate, values.digits)} ${where}`,
          warning: run.ended !== null || !inside };
      },
    };
  },
};

// ------------------------------------------------------------------------------------- down a curve, and one neuron

/** Numbers at equal distances from one end to the other. */
function spaced([low, high, points]) {
  return Float64Array.from({ length: points }, (_, place) => low + (high - low) * place / (points - 1));
}

const LAMP_DIGITS = 3;

/**
 * Outputs as lamps: how brightly each glows, and beside it how brightly it should, if that is known.
 * @param {{name: string, out: string, target?: string}[]} outputs each with the names of its quantities
 */
function lamps(outputs, texts) {
  const lamp = (quantity, said) => {
    const bulb = element("span", { class: "bpkit-lamp", "aria-hidden": "true" }), text = element("span");
    return { node: element("span", {}, bulb, text), draw({ numbers }) {
      const value = numbers[quantity];
      bulb.style.setProperty("--glow", String(Math.max(0, Math.min(1, value)) || 0));
      set(text, { text: fill(said, { value }, LAMP_DIGITS) });
    } };
  };
  const pairs = outputs.map(({ name, out, target }) => [lamp(out, texts.lamp.replace("{name}", name)),
    ...(target ? [lamp(target, texts.wished)] : [])]);
  return {
    node: element("div", {}, ...pairs.map((pair) => element("p", { class: "bpkit-lamps" }, ...pair.map(({ node }) => node)))),
    draw(data) { for (const one of pairs.flat()) one.draw(data); },
  };
}

VIEWS.descent = (app) => {
  const { spec } = app, { names, texts } = spec, [low, high] = spec.grid, [bottom, top] = spec.heights;
  const grid = spaced(spec.grid), level = bottom + (spec.arrow ?? 0) * (top - bottom);  // the arrow is below the curve
  const startAt = (x) => app.move({ [names.here]: Number(x.toFixed(2)), steps: 0 });
  const parts = { curve: part(curve(spec.parts.curve, { pick: startAt })), lines: part(lines(spec.parts.lines)) };
  const shining = spec.lamps.length ? lamps(spec.lamps, texts) : null;
  let made = 0;  // steps that are shown
  const step = app.button(texts.step, texts.stepTip, () => app.move({ steps: Math.min(made + 1, app.high("steps")) }));
  const landscape = (givens) => {
    const others = Object.entries(givens).filter(([name]) => name !== names.here && name !== "learning_rate");
    return app.known("land", others, () =>
      grid.map(sweep(app.program("descent").loss, spec.inputs.descent, givens, [names.here])));
  };
  /** How far the parameter is from its start, and how much that changes the loss. */
  const nudged = (here, now, givens, said) => {
    const start = app.beginning[names.here];
    const [before] = [start].map(sweep(app.program("descent").loss, spec.inputs.descent, givens, [names.here]));
    return [{ text: said("moved", { moved: here - start }) }, { text: said("grown", { grown: now - before }) }];
  };
  /** The step that took the walk to where it still is: a lowest point that it no longer leaves; 0 for none. */
  const arrived = (run, givens) => {
    const loss = sweep(app.program("descent").loss, spec.inputs.descent, givens, [names.here]);
    const there = ({ [names.here]: x, [names.next]: next, E_total: y }) =>
      Math.abs(next - x) < spec.near && loss(x - spec.near) > y && loss(x + spec.near) > y;
    let first = made + 1;
    while (first > 0 && there(run.at(first - 1))) first--;
    return first <= made ? first : 0;
  };
  const message = (run, { steps, rate, fog }, givens, digits) => {
    const said = (text, warning, numbers) => ({ message: fill(text, numbers, digits), warning });
    const { [names.here]: here, E_total: now, [names.slope]: slope } = run.length ? run.at(made) : {};
    if (!run.length) return said(texts.nothing, true, {});
    if (run.ended && steps >= run.ended) return said(texts.ended, true, { ended: run.ended, rate });
    if (here < low || here > high) return said(made ? texts.left : texts.outside, true, { here });
    const count = fog ? 0 : arrived(run, givens);
    if (count) return said(texts.arrived, false, { count });
    const { E_total: before, [names.slope]: steep } = run.at(Math.max(0, made - 1));
    if (before < now) return said(texts.overshot, false, { before, now });
    return steep * slope < 0 ? said(texts.past, false, {}) : {};
  };
  return {
    parts,
    extra: { step, play: player(app, "steps", { interval: 45, label: "the walk" }).node, lamps: shining?.node },
    frame(values) {
      const { digits, fog } = values, givens = givensOf(app, values), run = trained(app, "descent", givens, spec.most);
      made = Math.max(0, Math.min(values.steps, run.length - 1));
      const here = run.length ? run.at(made) : {}, { [names.here]: x, [names.next]: next, E_total: y } = here;
      const walked = (name) => run.column(name).subarray(0, made + 1);
      const walk = { label: made ? "walk" : "", nameless: true, x: walked(names.here), y: walked("E_total"), kind: "line+dots", color: 1 };
      const heights = landscape(givens), clear = fog ? Array.from(walk.x, (one) => [one - spec.sight, one + spec.sight]) : undefined;
      const seen = (one) => clear.some(([from, to]) => one >= from && one <= to);
      const all = fog ? { label: "", x: grid.map((one) => (seen(one) ? one : NaN)), y: heights, color: 0, silent: true }
        : { label: "loss", x: grid, y: heights, color: 0 };
      const slope = here[names.slope], said = (name, numbers) => fill(texts[name], numbers, digits);
      parts.curve.draw({
        series: [walk, all], xrange: [low, high], yrange: [bottom, top], digits, clear,
        ...(run.length && { marker: { x, series: 0, silent: true },
          ...(spec.arrow !== null && { arrow: { from: [x, level], to: [next, level], label: texts.arrow } }),
          tangent: { x, y, slope, rise: true, label: texts.tangent } }),
        readings: run.length ? [{ text: said("here", { here: x }) }, { text: said("loss", { loss: y }) },
          { text: said("slope", { slope }), color: "--run:var(--good)" },
          ...(spec.arrow !== null ? [{ text: said("next", { step: next - x }) }] : nudged(x, y, givens, said))] : [],
      });
      const numbers = numbersOf(app, "descent", { ...givens, ...here });
      parts.lines.draw({ numbers, digits });
      shining?.draw({ numbers, digits });
      return { ...message(run, values, givens, digits), ends: { steps: run.ended === null ? spec.most : Math.max(1, run.ended) } };
    },
  };
};

VIEWS.rules = (app) => {
  const { spec } = app, { texts, names, axes: [x, y], window, most, points } = spec, all = Object.keys(names);
  const start = ([right, up]) => app.move({ [x]: Number(right.toPrecision(3)), [y]: Number(up.toPrecision(3)) });
  const parts = { field: part(field(spec.parts.field, { pick: start })), curve: part(curve(spec.parts.curve)) };
  // A corner of the landscape shows the goal larger; a click there chooses the start as well.
  const zoom = field(spec.zoom), cover = parts.field.node.querySelector(".bpkit-field-cover");
  let near = null;
  set(zoom.node, { on: { click: ({ clientX, clientY }) => {
    const { left, top, width, height } = zoom.node.getBoundingClientRect(), { x: [west, east], y: [south, north] } = near;
    start([west + (east - west) * (clientX - left) / width, north - (north - south) * (clientY - top) / height]);
  } } });
  const corner = element("div", { class: "bpkit-field-corner", style: cover.getAttribute("style") }, zoom.node);
  cover.after(corner);
  /**
   * The lowest point of the loss plus the price of weight decay: the lowest of the grid, and from there steps that get
   * shorter. Null if the one of the grid is on the border, where it is only the lowest in sight.
   */
  const bottom = (givens, heights, decay) => app.known(`bottom ${decay > 0}`, [othersOf([x, y], givens), decay], () => {
    const price = (right, up) => decay * (spec.prices[0] * right ** 2 + spec.prices[1] * up ** 2);
    const across = spaced([...window.x, points]), upwards = spaced([...window.y, points]);
    const { lowest } = fieldRange(heights.map((height, k) => height + price(across[k % points], upwards[Math.floor(k / points)])));
    const column = lowest % points, row = Math.floor(lowest / points);
    if (lowest < 0 || Math.min(column, row) < 1 || Math.max(column, row) > points - 2) return null;
    const loss = lossOver(app, [x, y], givens), wide = across[1] - across[0], high = upwards[1] - upwards[0];
    let at = [across[column], upwards[row]], least = loss(...at) + price(...at);
    for (let part = 0.5, count = 0; part > spec.least && count < spec.tries; count++) {
      let next = null;
      for (const right of [-1, 0, 1]) for (const up of [-1, 0, 1]) {
        const place = [at[0] + right * part * wide, at[1] + up * part * high], height = loss(...place) + price(...place);
        if (height < least) [least, next] = [height, place];
      }
      if (next) at = next; else part /= 2;
    }
    return { x: at[0], y: at[1] };
  });
  /** The window around a place, so many times smaller. */
  const around = (place) => Object.fromEntries(Object.entries(window).map(([way, [low, high]]) =>
    [way, [-0.5, 0.5].map((half) => place[way] + (high - low) * half / spec.closer)]));
  const named = (text, name, numbers, digits) => fill(text, numbers, digits).replace("{name}", names[name]);
  /** The problem as a rule has it: what it remembers at the start, and the numbers of the sliders. */
  const ruled = (name, givens, { beta, decay }) => ({ ...givens, ...spec.constants[name], weight_decay: decay,
    ...(spec.betas[name] && { [spec.betas[name]]: beta }) });
  /** The least loss that the curves show. */
  const floorOf = (runs) => Math.min(...runs.map(({ loss }) => loss[0]).filter((loss) => loss > 0)) / spec.deep;
  const message = (runs, { updates, digits }) => {
    if (!runs.length) return { message: texts.none };
    if (runs.some(({ run }) => !run.length)) return { message: texts.nothing, warning: true };
    const losses = runs.map(({ name, run, loss }) => named(run.length <= updates ? texts.ended : texts.loss, name,
      { loss: loss[updates] ?? NaN }, Math.min(digits, 3)));
    const small = runs[0].loss[0] / spec.small;
    const firsts = runs.map(({ name, loss }) => [name, loss.findIndex((one) => one < loss[0] / spec.small)]);
    const counts = firsts.map(([name, count]) => named(count < 0 ? texts.never : texts.count, name, { count }));
    const below = firsts.every(([, count]) => count < 0) ? texts.none_small : texts.small;
    const floor = runs.some(({ loss }) => loss.subarray(0, updates + 1).some((one) => one < floorOf(runs)));
    return { message: readable([fill(updates === 1 ? texts.once : texts.now, { updates }).replace("{losses}", losses.join(", ")),
      fill(below, { small, most }, 3).replace("{counts}", counts.join(", ")), ...(floor ? [texts.floor] : []), ...(spec.several ? [texts.all] : [])].join(" ")),
      warning: runs.some(({ run }) => run.length <= updates) };
  };
  return {
    parts,
    source: ({ beta, decay }) => `${spec.share.source}.replace(update=bp.updates.Momentum(beta=${exactly(beta)}, ` +
      `weight_decay=${exactly(decay)}))`,
    extra: {
      rules: element("span", { class: "bpkit-presets bpkit-rules", role: "group", "aria-label": texts.rules },
        ...all.map((name, color) => set(app.control[name].node, { style: `--walk: var(--run-${color})` }))),
      play: player(app, "updates", { label: "the walks" }).node,
      starts: element("span", { class: "bpkit-label", text: texts.starts }),
    },
    frame(values) {
      const givens = givensOf(app, values), { updates, digits } = values;
      const runs = all.filter((name) => values[name]).map((name) => {
        const run = app.known("rule", [name, givens, values.beta, values.decay], () =>
          trained(app, name, ruled(name, givens, values), most));
        return { name, run, color: all.indexOf(name), loss: run.length ? run.column("E_total") : [] };
      });
      const walked = (run, name) => run.column(name).subarray(0, updates + 1), made = runs.filter(({ run }) => run.length);
      const heights = heightsOver(app, [x, y], givens, window);
      const lowest = bottom(givens, heights, 0), moved = values.decay > 0 && bottom(givens, heights, values.decay);
      const goal = moved ? { ...moved, label: texts.goal } : null, shown = values.decay > 0 ? goal : lowest;
      near = shown && around(shown);
      // It stands below, to the right, or above if it would hide what it shows.
      const part = spec.zoom.size / spec.parts.field.size, { x: [west, east], y: [south, north] } = window;
      const hides = near && near.x[1] > east - part * (east - west) && near.y[0] < south + part * (north - south);
      set(corner, { class: `bpkit-field-corner${hides ? " bpkit-above" : ""}` });
      const drawn = { nx: points, ny: points, levels: "auto", lowest, goal, walks: made.map(({ name, run, color }) => (
        { label: names[name], color, x: walked(run, x), y: walked(run, y), ended: updates > 0 })) };
      parts.field.draw({ ...drawn, window, z: heights, labels: true, zoomed: near });
      set(zoom.node, { hidden: !near });
      if (near) zoom.draw({ ...drawn, window: near, z: heightsOver(app, [x, y], givens, near) });
      const firsts = made.map(({ loss }) => loss[0]).filter((loss) => loss > 0);
      parts.curve.draw({ xrange: [0, most], digits,
        ...(firsts.length && { yrange: [floorOf(made), 10 * Math.max(...firsts)] }),
        series: made.map(({ name, run, color, loss }) => ({ label: names[name], color, y: loss.subarray(0, updates + 1),
          ended: run.ended !== null && run.ended <= updates ? run.ended : null })) });
      return message(runs, values);
    },
  };
};

/** One head of attention: a box for each number, its derivative below it on the way back; ways of one word or of all. */
function attentionPicture({ boxes, labels, ways, width, height, box: [wide, high], small }) {
  const place = (x, y) => ({ transform: `translate(${x} ${y})` });
  // Where more digits are asked for, a box has small ones; of what begins behind many zeros fewer fit.
  const short = (value, digits) => {
    const text = format(value, (digits > 6 ? [3, 6] : [2, 3])[+(Math.abs(value) >= small)]);
    return readable(text === "1" && value !== 1 ? format(value, 6) : text); // no share is all by rounding
  };
  const write = (node, text, most, more) => set(node, { text, style: `font-size:${fitted(text, wide - 6, most)}px`, ...more });
  const lines = ways.map(({ x, y, to_x: toX, to_y: toY, of }) => ({ of, node: drawn("path", {
    d: `M${x} ${y}C${(x + toX) / 2} ${y} ${(x + toX) / 2} ${toY} ${toX} ${toY}` }) }));
  const cells = boxes.map(({ name, back, said, kind, x, y, of, parts }) => {
    const fill = drawn("rect", { width: wide, height: high, rx: 5 });
    const value = drawn("text", { x: wide / 2, "text-anchor": "middle" });
    const slope = drawn("text", { x: wide / 2, y: high - 5, "text-anchor": "middle", class: "bpkit-attention-slope" });
    const hint = drawn("title"); // a box has room for few digits
    return { name, back, said, kind, of, parts, fill, value, slope, hint, node: drawn("g", place(x, y), hint, fill, value, slope) };
  });
  const named = labels.map(({ x, y, text, of }) => ({ of, node: drawn("text", { x, y: y + 4, text }) }));
  const node = drawn("svg", { class: "bpkit-attention", role: "img", viewBox: `0 0 ${width} ${height}` },
    ...lines.map((one) => one.node), ...named.map((one) => one.node),
    ...cells.map((one) => one.node));
  const words = ({ numbers, digits, back }) => boxes.map(({ name, back: slope, said }) =>
    `${said[0]} = ${format(numbers[name], digits)}` +
    (back && slope ? `, ${said[1]} = ${format(numbers[slope], digits)}` : "")).join("; ") + ".";
  /** Of what all words use, only what comes back from the mix of one, if one is chosen. */
  const slopeOf = ({ back, parts }, numbers, mix) => (!mix || !parts.length ? numbers[back]
    : parts[mix - 1].reduce((all, factors) => all + factors.reduce((part, name) => part * numbers[name], 1), 0));
  return {
    node, words,
    draw(data) {
      const { numbers, back, mix, digits } = data;
      set(node, { class: `bpkit-attention${back ? " bpkit-attention-back" : ""}`, "aria-label": words(data) });
      const faded = (of) => (mix && of && of !== mix ? " bpkit-attention-other" : "");
      for (const { of, node: way } of lines) set(way, { class: `bpkit-attention-way${faded(of)}` });
      for (const { of, node: label } of named) set(label, { class: `bpkit-attention-label${faded(of)}` });
      for (const one of cells) {
        const value = numbers[one.name], both = back && one.back;
        set(one.node, { class: `bpkit-attention-box bpkit-attention-is-${one.kind}${faded(one.of)}` });
        set(one.fill, { class: value < 0 ? "bpkit-attention-low" : "bpkit-attention-high",
          style: `--strength:${Math.round((both ? 22 : 45) * Math.min(1, Math.abs(value)))}%` });
        write(one.value, short(value, digits), 13, { y: both ? high / 2 - 2 : high / 2 + 5 });
        const slope = both ? slopeOf(one, numbers, mix) : 0;
        write(one.slope, both ? short(slope, digits) : "", 12);
        set(one.hint, { text: readable(`${one.said[0]} = ${format(value, digits)}` +
          (both ? `, ${one.said[1]} = ${format(slope, digits)}` : "")) });
      }
    },
  };
}

VIEWS.attention = (app) => {
  const { spec } = app, { texts, size: [words] } = spec, places = Array.from({ length: words }, (_, k) => k + 1);
  const parts = { picture: part(attentionPicture(spec.picture)) };
  return {
    parts,
    frame(values) {
      const numbers = numbersOf(app, "all", givensOf(app, values)), { back, mix, digits } = values;
      parts.picture.draw({ numbers, back, mix, digits });
      const share = (row, column) => fill(texts.share, { share: numbers[`share_o${row}_${column}`] }, 3)
        .replace("{column}", column);
      const takes = places.map((row) => fill(texts.takes, {}).replace("{row}", row)
        .replace("{shares}", places.map((column) => share(row, column)).join(" and ")));
      const part = back && mix ? [texts.part.replace("{word}", mix)] : [];
      return { message: readable([...takes, fill(texts.loss, { loss: numbers.E_total }, digits), ...part].join(" ")) };
    },
  };
};

VIEWS.neuron = (app) => {
  const { spec } = app, { texts, names: [net, out, slope] } = spec, [low, high] = spec.grid, grid = spaced(spec.grid);
  const tables = new Map(), shell = element("div"), lamp = lamps(spec.lamps, texts);
  const shown = spec.tomato && element("span", { class: "bpkit-tomato", "aria-hidden": "true" });
  const unlit = element("span", { text: texts.unlit, hidden: true }), row = lamp.node.firstChild, glow = row.firstChild;
  if (shown) row.prepend(element("span", {}, shown, element("span", { text: texts.tomato })));
  row.append(unlit);
  const table = (kind) => tables.get(kind) ?? tables.set(kind, lines(spec.parts.lines[kind])).get(kind);
  const parts = {
    curve: part(curve(spec.parts.curve)),
    lines: part({  // an activation has lines of its own
      node: shell,
      draw(data) {
        const { node, draw } = table(data.kind);
        if (shell.firstChild !== node) shell.replaceChildren(node);
        draw(data);
      },
      words: (data) => table(data.kind).words(data),
    }),
  };
  const profile = (kind) => app.known("profile", kind, () => {
    const { activated } = app.program(kind), values = Array.from(grid, (one) => activated(one));
    const [outs, slopes] = [out, slope].map((name) => Float64Array.from(values, (one) => one[name]));
    return { outs, slopes, heights: withRoom([...outs, ...slopes]) };
  });
  /** The terms of the net input, each from the sum of those before it. */
  const hopsOf = (numbers, digits) => {
    let sum = 0;
    return spec.terms.map((term, k) => {
      const value = term.reduce((product, name) => product * numbers[name], 1), from = sum;
      sum += value;
      return { from, to: sum, label: fill(texts.terms[k], { value }, digits) };
    });
  };
  return {
    parts,
    extra: { lamps: lamp.node },
    source: ({ activation }) => spec.sources[activation],
    frame(values) {
      const { activation: kind, digits } = values, { outs, slopes, heights } = profile(kind);
      const numbers = numbersOf(app, kind, givensOf(app, values));
      const { [net]: x, [out]: y, [slope]: steep } = numbers, inside = x >= low && x <= high;
      // The curve has the very point, so that it is marked where it is, between two others of the grid.
      const before = inside ? grid.findLastIndex((one) => one <= x) + 1 : grid.length;
      const among = (list, one) => (inside ? [...list.subarray(0, before), one, ...list.subarray(before)] : list);
      parts.curve.draw({
        series: [
          { label: texts.out, x: among(grid, x), y: among(outs, y), color: 0 },
          { label: texts.slope, x: grid, y: slopes, color: 1 },
        ],
        xrange: [low, high], yrange: heights, digits,
        marker: inside ? { x, series: 0, silent: true } : undefined,
        points: inside ? [{ x, y: steep, color: 1 }] : [{ x, y }],
        tangent: { x, y, slope: steep, rise: true, run: 1 },
        hops: hopsOf(numbers, digits),
      });
      parts.lines.draw({ kind, numbers, digits });
      lamp.draw({ numbers, digits });
      set(glow, { hidden: !spec.glowing.includes(kind) });
      set(unlit, { hidden: spec.glowing.includes(kind) });
      spec.tomato?.forEach((name, k) => shown.style.setProperty(k ? "--soft" : "--red", Math.max(0, Math.min(1, numbers[name]))));
      return { message: inside ? "" : readable(fill(texts.outside, { net: x }, digits)) };
    },
  };
};

/** A range around some heights; those that are no numbers are left out. */
function withRoom(heights) {
  const finite = heights.filter(Number.isFinite);
  if (!finite.length) return [-0.5, 1.5];
  const low = Math.min(...finite), high = Math.max(...finite), room = 0.08 * (high - low) || 0.5;
  return [low - room, high + room];
}

// ------------------------------------------------------------------------------------------------------- the stepper

/**
 * A few lines of many, in the order in which they are asked for. A row is made when it is first shown, as a derivation
 * may have hundreds.
 * @param {{rows: LineRow[], head: string[], label: string}} spec
 */
function lineTable(spec, on = {}) {
  const { node } = lines({ ...spec, rows: [] }), body = node.querySelector("tbody");
  const rows = new Map(spec.rows.map((row) => [row.number, row])), made = new Map();
  const rowOf = (number) => made.get(number) ?? made.set(number, lineDrawn(rows.get(number), on)).get(number);
  let shown = "";
  return {
    node,
    rows,
    draw({ lines: numbers, ...data }) {
      const all = numbers.map(rowOf);
      if (shown !== String(numbers)) body.replaceChildren(...all.map((one) => one.node));
      shown = String(numbers);
      for (const one of all) one.draw(data);
    },
  };
}

/** One line at a time: where it is, why it holds, its numbers, and below it the lines that it uses. */
function lineCard(spec, texts, on) {
  const table = lineTable(spec, on), place = element("b"), why = element("p", { class: "bpkit-card-why" });
  const most = Math.min(4, Math.max(...spec.rows.map((row) => row.uses.length)));
  const reason = ({ line }) => texts.why.replace("{reason}", table.rows.get(line).reason);
  return {
    node: element("div", { class: "bpkit-card", style: `--rows:${1 + most}` }, place, why, table.node),
    draw({ line, where, ...data }) {
      table.draw({ ...data, lines: [line, ...table.rows.get(line).uses], lit: [line] });
      set(place, { text: where });
      set(why, { text: reason({ line }) });
    },
    words({ line, where, numbers, digits }) {
      const row = table.rows.get(line), { filled, result } = lineTexts(row, numbers, digits);
      return `${where}: ${[row.said, filled, result].filter(Boolean).join(" = ")}. ${reason({ line })}`;
    },
  };
}

/** Where a picture scrolls, bring into sight what is lit on it. */
function litIntoSight({ node }) {
  if (node.scrollWidth <= node.clientWidth + 1) return;
  const room = node.getBoundingClientRect();
  const sides = [...node.querySelectorAll(".is-lit:not(.bpkit-net-cell)")].map((one) => one.getBoundingClientRect())
    .filter(({width}) => width);
  const left = Math.min(...sides.map((one) => one.left)), right = Math.max(...sides.map((one) => one.right));
  if (sides.length && (left < room.left || right > room.right)) node.scrollLeft += (left + right - room.left - room.right) / 2;
}

VIEWS.stepper = (app) => {
  const { spec } = app, { texts, places, phases } = spec, last = places.length;
  const shown = { made: 0, ends: 0, line: 0 };  // the update whose lines these are, the last that there is, the line
  const parts = {
    card: part(lineCard(spec.parts.lines, texts, { choose: (line) => app.move({ line }) })),
    network: part(network(spec.parts.network)),
  };
  const first = (phase) => 1 + places.findIndex((place) => place.phase === phase);
  const label = (phase) => texts.phase.replace("{number}", 1 + phases.indexOf(phase)).replace("{phase}", phase);
  const buttons = new Map(phases.map((phase) => [phase,
    app.button("", texts.phaseTip.replace("{phase}", phase), () => app.move({ line: first(phase) }))]));
  /** One line on or back, across the borders between updates. */
  const walk = (by) => {
    const line = app.values.line + by, update = shown.made + by;
    if (line >= 1 && line <= last) app.move({ line });
    else if (update >= 0 && update <= shown.ends) app.move({ line: by > 0 ? 1 : last, update });
  };
  const back = app.button(texts.back, texts.backTip, () => walk(-1));
  const next = app.button(texts.next, texts.nextTip, () => walk(1));
  const start = app.expression.bind(app);
  app.expression = () => start() + (shown.made ? `.updated(${shown.made})` : "");
  return {
    parts,
    extra: {
      phases: element("span", { class: "bpkit-phases", role: "group", "aria-label": "Phases" }, ...buttons.values()),
      walk: element("span", { class: "bpkit-walk", role: "group", "aria-label": "Walk" }, back, next),
      play: player(app, "line", { interval: 1500, label: "the lines" }).node,
    },
    frame({ line, update, rate, digits }) {
      const givens = givensOf(app, app.values), run = trained(app, "train", givens, spec.most);
      shown.ends = Math.max(0, run.length - 1);
      shown.made = Math.min(update, shown.ends);
      const { E_total: _, ...before } = run.length ? run.at(shown.made) : {};
      const numbers = { ...givens, ...before }, all = numbersOf(app, "all", numbers);
      for (const { name } of spec.parts.lines.rows.slice(0, line)) numbers[name] = all[name];  // not yet: what follows
      const { phase, lit } = places[line - 1];
      const where = fill(shown.made === 1 ? texts.once : texts.place, { updates: shown.made, line, lines: last })
        .replace("{phase}", phase);
      parts.card.draw({ line, where, numbers, digits });
      parts.network.draw({ numbers, lit, digits, phase: phase === "loss" ? "forward" : phase });
      if (line !== shown.line) litIntoSight(parts.network);
      shown.line = line;
      for (const [name, button] of buttons)
        set(button, { text: `${name === phase ? "▸ " : ""}${label(name)}`, "aria-current": name === phase ? "step" : null });
      set(back, { disabled: line === 1 && !shown.made });
      set(next, { text: line < last ? texts.next : texts.onward, disabled: line === last && shown.made === shown.ends });
      const ended = run.ended !== null && update >= run.ended;
      return {
        message: ended ? fill(run.ended ? texts.ended : texts.nothing, { ended: run.ended, rate, update: shown.made }) : "",
        warning: ended,
      };
    },
  };
};

// --------------------------------------------------------------------------------------------------------- the chain

/**
 * Products of factors: for each path its symbols, its numbers and its product, then the sum of all.
 * @param {{ways: Object, symbols: Object<string, string>, texts: Object}} spec
 * @param {{light: (path: number) => void}} on
 */
function productTable({ ways, symbols, texts }, on) {
  const body = element("tbody", { role: "rowgroup" });
  const node = element("div", { class: "bpkit-lines-box bpkit-products" },
    element("table", { role: "table", "aria-label": texts.products }, body));
  reachableWhereItScrolls(node);
  const cell = (kind, ...children) => element("td", { role: "cell", class: `bpkit-line-${kind}` }, ...children);
  const typeset = (html) => { const span = element("span"); span.innerHTML = html; return span; };
  const numbersOfRow = (row, numbers, digits) => fill(row.map((name) => `{${name}|in}`).join(" · "), numbers, digits);
  const counted = (text, parameter) => text.replace("{count}", ways[parameter].factors.length)
    .replace("{word}", ways[parameter].word);
  const made = (parameter) => {
    const { factors, word, name } = ways[parameter], several = factors.length > 1;
    const rows = factors.map((row, place) => {
      const button = several && element("button", { type: "button", title: texts.light.replace("{word}", word)
        .replace("{number}", place + 1), on: { click: () => on.light(place + 1) } });
      const parts = row.map((one) => typeset(symbols[one])), put = element("span"), result = element("b");
      const shown = element("div", { class: "bpkit-factors" }, "= ", ...parts.flatMap((one, k) => (k ? [" · ", one] : [one])));
      const node = element("tr", { role: "row" }, cell("number", button || typeset(symbols[name])),
        cell("symbols", shown, put, " = ", result));
      return { node, button, parts, shown, put, result, row };
    });
    const sum = element("b");
    const last = several && element("tr", { role: "row", class: "bpkit-sum" }, cell("number", typeset(symbols[name])),
      cell("symbols", `= ${counted(texts.together, parameter)} = `, sum));
    return { rows, sum, last };
  };
  let shown = "", table;
  return {
    node,
    draw({ parameter, path, marks, numbers, results, digits }) {
      if (shown !== parameter) {
        table = made(parameter);
        body.replaceChildren(...table.rows.map((one) => one.node), ...(table.last ? [table.last] : []));
        shown = parameter;
      }
      table.rows.forEach(({ node, button, parts, shown: formula, put, result, row }, place) => {
        const lit = path === place + 1;
        set(node, { class: lit && button ? "bpkit-line-lit" : null });
        if (button) set(button, { style: lit ? LIT_PATH : path ? null : pathColour(place), text: `${lit ? "▸ " : ""}${ways[parameter].word} ${place + 1}`, "aria-pressed": String(lit) });
        set(formula, { hidden: path > 0 && !lit });  // one path at a time has room for its symbols
        parts.forEach((one, k) => set(one, { style: marks.get(row[k]) ?? null }));
        set(put, { text: readable(`= ${numbersOfRow(row, numbers, digits)}`) });
        set(result, { text: readable(format(results[`product_${place + 1}`], digits)) });
      });
      set(table.sum, { text: readable(format(results.sum, digits)) });
    },
    words({ parameter, numbers, results, digits }) {
      const { factors, name } = ways[parameter];
      const rows = factors.map((row, place) => `${row.join(" · ")} = ${numbersOfRow(row, numbers, digits)} = ${
        format(results[`product_${place + 1}`], digits)}`);
      return counted(factors.length > 1 ? texts.sum : texts.product, parameter).replace("{name}", name)
        .replace("{rows}", rows.join("; ")).replace("{sum}", format(results.sum, digits));
    },
  };
}

const MOST_PUT = 3; // slopes side by side that have room for the numbers put in
const SLOPE_WIDTH = 190, SLOPE_HEIGHT = 96, SLOPE_POINTS = 41;
const SLOPE_FRAME = { left: 32, right: SLOPE_WIDTH - 2, top: 8, bottom: SLOPE_HEIGHT - 17 };
const NEXT_TO_NOTHING = 1e-3; // of an axis: such an end of it is written as 0
const SLOPE_ROOM = { aside: 6, above: 4, below: 12 }; // between the axes and the curve; the distance to a target is below

/**
 * One factor as the slope of a curve: its symbols, the curve with its tangent where the network is now, its numbers. A
 * brief one has the result alone: the numbers that it comes from are on the network.
 */
function slopePanel(spec, row, symbols, curveOf, brief) {
  const title = element("div", { class: "bpkit-slope-title" }), formula = element("div");
  title.innerHTML = symbols;
  formula.innerHTML = `= ${row.symbols}`.replace(/\([^()]*\)/g, "<span class='bpkit-whole'>$&</span>");
  const put = element("div", { class: "bpkit-slope-put" }), result = element("b");
  const node = element("div", { class: "bpkit-slope" }, title);
  const { left, right, top, bottom } = SLOPE_FRAME;
  const path = (name) => drawn("path", { class: `bpkit-slope-${name}` });
  const [line, tangent, triangle, gap, aim] = ["curve", "tangent", "rise", "gap", "aim"].map(path);
  const dot = drawn("circle", { class: "bpkit-slope-dot", r: 4 });
  const label = (written, x, y, kind = "") => drawn("text", { class: `bpkit-slope-name${kind}`, x, y }, nameSpan(written, null));
  const tick = (x, y, end = "") => label(["", ""], x, y, ` bpkit-slope-tick${end}`);
  const aimed = label(spec?.aimed ?? ["", ""], 0, top + 6), below = SLOPE_HEIGHT - 4;
  const ticks = [tick(left + SLOPE_ROOM.aside, below), tick(right, below, " bpkit-slope-end"),
    tick(left - 4, bottom - SLOPE_ROOM.below + 4, " bpkit-slope-end"), tick(left - 4, top + 8, " bpkit-slope-end")];
  if (spec) {
    node.append(drawn("svg", { viewBox: `0 0 ${SLOPE_WIDTH} ${SLOPE_HEIGHT}`, "aria-hidden": "true" },
      drawn("path", { class: "bpkit-slope-axis", d: `M${left},${bottom}H${right}M${left},${bottom}V${top}` }),
      aim, triangle, line, tangent, gap, dot, label(spec.along, (left + right) / 2, below, " bpkit-slope-middle"),
      label([spec.up, ""], left - 5, (top + bottom) / 2, " bpkit-slope-end"), ...ticks, spec.aim ? aimed : null));
  }
  node.append(formula, put, element("div", {}, "= ", result));
  const draw = ({ numbers, digits, style }) => {
    const { filled, result: value } = lineTexts(row, numbers, digits);
    set(node, { style });
    set(put, { text: filled && `= ${filled}`.replace(/\([^()]*\)/g, (whole) => whole.replaceAll(" ", "\u00a0")), hidden: brief });
    set(result, { text: value });
    if (!spec) return;
    const at = numbers[spec.x], f = curveOf(spec, numbers), here = f(at), slope = numbers[spec.slope];
    const [low, high] = [Math.min(spec.from, at), Math.max(spec.to, at)];
    const xs = Array.from({ length: SLOPE_POINTS }, (_, k) => low + (high - low) * k / (SLOPE_POINTS - 1));
    const ys = xs.map(f), known = [here, ...(spec.heights ?? ys.filter(Number.isFinite))];
    const [least, most] = [Math.min(...known), Math.max(...known)];
    const { aside, above, below } = SLOPE_ROOM;
    const toX = (x) => left + aside + (right - left - 2 * aside) * (x - low) / (high - low || 1);
    const toY = (y) => bottom - below - (bottom - top - below - above) * (y - least) / (most - least || 1);
    const place = (x, y) => `${toTenth(toX(x))},${toTenth(Math.min(2 * SLOPE_HEIGHT, Math.max(-SLOPE_HEIGHT, toY(y))))}`;
    const fine = [here, slope, ...ys].every(Number.isFinite);
    // A steep tangent is short: it stays in the frame.
    const reach = Math.min(0.16 * (high - low), 0.4 * (most - least) / Math.abs(slope || 1)), run = at + reach > high ? -reach : reach;
    const [first, last] = [Math.max(low, at - reach), Math.min(high, at + reach)];
    const ends = [[low, high], [least, most]].flatMap(([from, to]) => [from, to].map((one) =>
      readable(format(Math.abs(one) < NEXT_TO_NOTHING * (to - from) ? 0 : Number(one.toPrecision(2)), 2))));
    ticks.forEach((one, place) => set(one, { text: fine ? ends[place] : "" }));
    const inside = [...xs.keys()].filter((k) => Math.abs(ys[k] - (most + least) / 2) <= 0.6 * (most - least));
    set(line, { d: fine && inside.length ? `M${inside.map((k) => place(xs[k], ys[k])).join("L")}` : null });
    set(tangent, { d: fine ? `M${place(first, here + slope * (first - at))}L${place(last, here + slope * (last - at))}` : null });
    set(triangle, { d: fine ? `M${place(at, here)}L${place(at + run, here)}L${place(at + run, here + slope * run)}` : null });
    set(dot, { cx: toTenth(toX(at)), cy: fine ? toTenth(toY(here)) : null, visibility: fine ? null : "hidden" });
    if (!spec.aim) return;
    const target = toTenth(toX(Math.min(high, Math.max(low, numbers[spec.aim]))));
    set(aim, { d: `M${target},${bottom}V${top}` });
    const leans = target > right - 30;
    set(aimed, { x: target + (leans ? -4 : 4), style: leans ? "text-anchor:end" : null });
    set(gap, { d: `M${target},${bottom}H${toTenth(toX(at))}` });
  };
  return { node, draw };
}

/** The factors of one path side by side, each as a slope and in its colour of the formula. */
function slopePanels({ slopes, symbols }, rowOf, curveOf) {
  const node = element("div", { class: "bpkit-slopes" }), made = new Map();
  const panelOf = (name, brief) => {
    const { curve, row } = slopes[name], key = `${brief} ${name}`;
    if (!made.has(key)) made.set(key, slopePanel(curve, rowOf(row), symbols[name], curveOf, brief));
    return made.get(key);
  };
  let shown = "";
  return {
    node,
    draw({ factors, marks, ...data }) {
      const panels = factors.map((name) => panelOf(name, factors.length > MOST_PUT));
      if (shown !== String(factors)) node.replaceChildren(...panels.map((one) => one.node));
      shown = String(factors);
      set(node, { hidden: !factors.length });
      panels.forEach((one, place) => one.draw({ ...data, style: marks.get(factors[place]) }));
    },
  };
}

const SUM_WIDTH = 640, SUM_ROOM = 150, SUM_ROW = 20, SUM_LEFT = 92, SUM_LEAST = 0.15;

/** What several paths add up to: each begins where the one before ended, to the right if positive; below them the sum. */
function sumOfPaths({ ways, texts }) {
  const picture = drawn("svg", { class: "bpkit-sums", role: "img" }), made = [];
  const node = element("div", {}, picture), zero = drawn("path", { class: "bpkit-sum-zero" });
  let scale = { parameter: null, low: 0, most: 0 };
  /** Room to both sides, kept while the bars fit in and fill a part of it: a bar moves only if its number does. */
  const scaleOf = (parameter, low, most) => {
    const span = most - low, fits = scale.low <= low && most <= scale.most && span >= SUM_LEAST * (scale.most - scale.low);
    if (scale.parameter !== parameter || !fits) scale = { parameter, low: low - 0.25 * span, most: most + 0.9 * span };
    return scale;
  };
  const rowAt = (place) => made[place] ??= (() => {
    const bar = drawn("rect", { rx: 2 }), name = drawn("text", { x: 2 }), value = drawn("text");
    const step = drawn("path", { class: "bpkit-sum-step" });
    return { bar, name, value, step, node: drawn("g", {}, step, bar, name, value) };
  })();
  return {
    node,
    draw({ parameter, path, shown, results, digits }) {
      set(node, { hidden: !shown });
      if (!shown) return;
      const { factors, word } = ways[parameter], count = factors.length;
      const high = Math.min(SUM_ROW, SUM_ROOM / (count + 1)), size = Math.min(12, high - 2);
      const parts = factors.map((_, place) => results[`product_${place + 1}`]);
      const ends = parts.reduce((all, one) => [...all, all.at(-1) + one], [0]);
      const fine = ends.every(Number.isFinite), { low, most } = fine ? scaleOf(parameter, Math.min(...ends), Math.max(...ends)) : scale;
      const toX = (value) => toTenth(SUM_LEFT + (SUM_WIDTH - SUM_LEFT - 104) * (value - low) / (most - low || 1));
      const rows = [...parts.map((_, place) => [ends[place], ends[place + 1]]), [0, results.sum]].map((row, place) => {
        const one = rowAt(place), [from, to] = row, y = place * high, last = place === count;
        const [start, end] = [Math.min(from, to), Math.max(from, to)];
        set(one.node, { class: last ? "bpkit-sum-last" : null,
          style: last ? null : !path ? pathColour(place) : path === place + 1 ? LIT_PATH : PALE_PATH });
        set(one.bar, { x: fine ? toX(start) : 0, y: y + 3, height: high - 6, visibility: fine ? null : "hidden",
          width: fine ? Math.max(1, toTenth(toX(end) - toX(start))) : 0, class: to < from ? "is-negative" : null });
        set(one.step, { d: fine && !last ? `M${toX(to)},${y + 3}V${y + high + high - 3}` : null });
        set(one.name, { y: y + high / 2 + size / 3, "font-size": size, text: last ? texts.added : `${word} ${place + 1}` });
        set(one.value, { x: fine ? Math.max(toX(end), toX(0)) + 6 : SUM_LEFT, y: y + high / 2 + size / 3, "font-size": size,
          text: readable(format(last ? results.sum : parts[place], digits)) });
        return one.node;
      });
      set(zero, { d: fine ? `M${toX(0)},0V${(count + 1) * high}` : null });
      if (picture.childElementCount !== count + 2) picture.replaceChildren(zero, ...rows);
      set(picture, { viewBox: `0 0 ${SUM_WIDTH} ${Math.ceil((count + 1) * high)}`,
        "aria-label": texts.bars.replace("{count}", count).replace("{word}", word) });
    },
  };
}

const MARK_SIZE = 12.5, MARK_DIGITS = 3; // pixels; digits of a slope, whose neighbours are close
const BOLD = 1.03; // a bold letter is so many times as wide as another one
const LIT_PATH = "--mark:var(--lit)"; // of a path that is lit alone: the other colours are then those of its factors
const PALE_PATH = "--mark:var(--line)";
const pathColour = (place) => `--mark:var(--run-${place % 6})`;

/** The paths on the picture, from the loss back to the parameter, each in its colour; beside each other where they share a way. */
function pathWays(routes, move) {
  const node = drawn("g", { class: "bpkit-routes" }), made = [];
  const route = (place) => made[place] ??= (() => {
    const solid = drawn("path"), dashed = drawn("path", { class: "is-negative" });
    return { solid, dashed, node: node.appendChild(drawn("g", { class: "bpkit-route" }, solid, dashed)) };
  })();
  return {
    way: node,
    draw({ chosen, path, several, numbers }) {
      const all = several && routes[chosen] ? routes[chosen] : [];
      const apart = all.length > 1 ? Math.min(5, 16 / (all.length - 1)) : 0, sharing = new Map();
      all.forEach((stretches, place) => stretches.forEach(([, from, to]) => {
        const way = String([from, to]);
        sharing.set(way, [...(sharing.get(way) ?? []), place]);
      }));
      const shiftOf = (place, from, to) => {
        const here = sharing.get(String([from, to]));
        return path ? 0 : (here.indexOf(place) - (here.length - 1) / 2) * apart;
      };
      const at = (point, shift) => { const [x, y] = move(point); return `${toTenth(x)},${toTenth(y + shift)}`; };
      all.forEach((stretches, place) => {
        const along = (negative) => stretches.filter(([weight]) => numbers[weight] < 0 === negative)
          .map(([, from, to]) => `M${at(to, shiftOf(place, from, to))}L${at(from, shiftOf(place, from, to))}`).join("");
        const one = route(place);
        set(one.solid, { d: along(false) });
        set(one.dashed, { d: along(true) });
        set(one.node, { style: path ? LIT_PATH : pathColour(place), visibility: path && path !== place + 1 ? "hidden" : null });
      });
      made.forEach((one, place) => { if (place >= all.length) set(one.node, { visibility: "hidden" }); });
    },
  };
}

/** The factors of one path where they live on the picture, each in its colour of the formula; numbers alone if short. */
function factorMarks(places, routes, move, short) {
  const node = drawn("g"), made = [], ways = pathWays(routes, move);
  const mark = (place) => made[place] ??= (() => {
    const plate = drawn("rect", { y: -9, height: 18, rx: 5 }), name = drawn("tspan"), rest = drawn("tspan");
    const text = drawn("text", { class: "bpkit-net-middle", y: 4.5, "font-size": MARK_SIZE }, name, rest);
    return { plate, name, rest, node: node.appendChild(drawn("g", { class: "bpkit-factor-mark" }, plate, text)) };
  })();
  return {
    way: ways.way,
    body: "",
    over: node,
    draw({ factors = [], marks, numbers, ...more }) {
      ways.draw({ ...more, numbers });
      const here = factors.filter((name) => places[name] && marks.has(name));
      here.forEach((name, place) => {
        const one = mark(place), at = move(places[name].at), value = readable(nearOne(numbers[name], MARK_DIGITS));
        const written = short ? ["", ""] : places[name].text, wide = BOLD * MARK_SIZE * ems(`${written.join("")}=${value}`) + 10;
        if (one.said !== name) one.name.replaceChildren(nameSpan(written, null));
        one.said = name;
        set(one.rest, { text: `${short ? "" : "="}${value}`, dy: upAgain(written) });
        set(one.plate, { x: -wide / 2, width: wide });
        set(one.node, { transform: `translate(${at[0]} ${at[1]})`, style: marks.get(name) });
      });
      made.forEach((one, place) => set(one.node, { visibility: place < here.length ? null : "hidden" }));
    },
  };
}

VIEWS.chain = (app) => {
  const { spec } = app, { texts, ways } = spec, last = {};
  const picture = network(spec.parts.network, { choose: (parameter) => app.move({ parameter }),
    layer: (move, short) => factorMarks(spec.places, spec.routes, move, short) });
  const nudged = element("p", { class: "bpkit-nudge" }), updateLines = lineTable(spec.parts.lines);
  /** A line of the forward pass over one of the numbers in it, all others as they are. */
  const curveOf = ({ x, line }, numbers) => {
    const run = app.program(`line ${line}`).evaluate, inputs = spec.inputs[`line ${line}`];
    return (value) => called(run, inputs, { ...numbers, [x]: value })[line];
  };
  updateLines.node.classList.add("bpkit-headless");
  const said = (number, { numbers, digits }) => {
    const row = updateLines.rows.get(number), { filled, result } = lineTexts(row, numbers, digits);
    return `${[row.said, filled, result].filter(Boolean).join(" = ")}.`;
  };
  const parts = {
    products: part(productTable(spec, { light: (path) => app.move({ path: app.values.path === path ? 0 : path }) })),
    nudge: part({ node: nudged, draw: ({ text }) => set(nudged, { text: readable(text) }), words: ({ lit, text }) => `${lit} ${text}` }),
    factors: part(slopePanels(spec, (number) => updateLines.rows.get(number), curveOf)),
    sums: part(sumOfPaths(spec)),
    update: part({ ...updateLines, words: (data) => data.lines.map((number) => said(number, data)).join("") }),
    network: part(picture),
  };

  const spelled = (name) => optionOf(spec.controls.parameter, name);

  /** What the loss does when the parameter is nudged, beside its derivative, in words. */
  const nudge = (parameter, givens, all) => {
    const programs = app.program("nudge"), { h, up, down } = programs.nudge(givens[parameter]);
    const loss = sweep(app.program("loss").evaluate, spec.inputs.loss, givens, [parameter]);
    const [above, below] = [loss(up), loss(down)];
    const derived = all[ways[parameter].name];
    const found = called(programs.quotient, spec.inputs.quotient, { ...all, above, below, h, derived });
    const passed = found.error <= spec.tolerance;
    const verdict = !passed ? texts.differ : spec.tolerance < found.relative ? texts.unclear : texts.agree;
    const digits = format(found.measured) === format(derived) || !passed ? 6 : 9;
    return fill(texts.nudge, { h, measured: found.measured, derived }, digits)
      .replace("{parameter}", spelled(parameter)).replace("{verdict}", verdict);
  };
  const litWords = (parameter, path) => {
    const { factors, nodes, word } = ways[parameter], way = factors.length === 1 ? nodes[0] : nodes[path - 1];
    const which = (path ? texts.one : factors.length === 1 ? texts.only : texts.every).replace("{word}", word)
      .replace("{number}", path);
    return texts.lit.replace("{which}", which[0].toUpperCase() + which.slice(1)).replace("{parameter}", parameter)
      .replace("{way}", way?.length > 1 ? `: ${way.join(" → ")}` : "");
  };
  return {
    parts,
    settle: (next) => ({ ...next, path: Math.min(next.path, ways[next.parameter].factors.length) }),
    frame({ parameter, path, digits }) {
      const givens = givensOf(app, app.values), numbers = numbersOf(app, "all", givens);
      const program = `paths ${parameter}`, way = ways[parameter];
      const results = called(app.program(program).evaluate, spec.inputs[program], numbers);
      const lit = path ? [way.factors[path - 1]] : way.factors, factors = [...new Set(lit.flat())];
      const several = way.factors.length > 1;
      // Where one path is lit, each of its factors has a colour, in the formula and on the picture.
      const one = lit.length === 1 ? lit[0] : [];
      const marks = new Map(one.map((name, place) => [name, `--mark:var(--run-${place % 6})`]));
      const data = { numbers, digits };
      parts.network.draw({ ...data, lit: path ? factors : [parameter, ...factors], chosen: parameter, choices: true, factors: one, marks, path,
        several });
      parts.products.draw({ ...data, parameter, path, marks, results });
      parts.factors.draw({ ...data, factors: one, marks });
      parts.sums.draw({ ...data, parameter, path, results, shown: several && (!path || way.factors.length <= spec.bars) });
      set(app.control.rate.node, { hidden: way.kept });
      parts.update.draw({ ...data, lines: way.kept ? [] : [way.row] });
      set(parts.update.node, { hidden: way.kept || (several && path > 0) });  // one path of several says nothing of the new value
      const kept = way.kept ? ` ${texts.kept.replace("{parameter}", spelled(parameter))}` : "";
      parts.nudge.draw({ text: `${nudge(parameter, givens, numbers)}${kept}`, lit: litWords(parameter, path) });
      if (last.lit !== `${parameter} ${path}`) litIntoSight(picture);
      last.lit = `${parameter} ${path}`;
      return { message: way.word === "path" ? "" : texts.many.replace("{parameter}", spelled(parameter)) };
    },
  };
};
VIEWS.paths = VIEWS.chain;

// ---------------------------------------------------------------------------------------------- printed lines, again

/** Printed lines, each with a box: what is worked out there, and how far off the printed figure is. */
VIEWS.recalculate = (app) => {
  const { rows, texts, near, almost } = app.spec, begun = new RegExp(app.spec.begun);
  const within = (value, line, share) => Math.abs(value - read(line).value) <= share * Math.abs(read(line).value);
  const cell = (tag, kind, ...children) => element(tag, { class: `bpkit-recalc-${kind}` }, ...children);
  const made = rows.map(({ name, head, line, printed }) => {
    const spoken = element("th", { scope: "row" }), told = cell("div", "told");
    spoken.innerHTML = head;
    const node = element("tr", {}, spoken, cell("td", "line", `= ${line}`), cell("td", "printed", "= ", element("b", { text: printed })),
      cell("td", "box", app.control[name].node, told));
    return { node, told };
  });
  const table = element("div", { class: "bpkit-recalc" }, element("table", { "aria-label": texts.title },
    element("thead", {}, element("tr", {}, ...texts.head.map((text) => element("th", { scope: "col", text })))),
    element("tbody", {}, ...made.map(({ node }) => node))));
  return {
    silent: true,
    extra: { table },
    frame(values) {
      rows.forEach(({ name, line, printed, unit, slips }, place) => {
        const typed = String(values[name]).trim(), { value } = typed ? read(typed) : {};
        const off = Math.abs(value - Number(printed)), same = off <= 1.01 * unit, own = within(value, line, near);
        const slip = own ? "" : slips.find(([other]) => within(value, other, almost))?.[1];
        const hair = off <= almost * Math.abs(Number(printed)), close = slip && hair ? texts.close : "";
        const kind = own ? (same ? "same" : hair ? "late" : "off") : slip ? "slip" : "other";
        const unread = !typed ? "" : begun.test(typed) ? texts.waiting : `${advice(typed, EXAMPLE)}.`;
        const text = value === undefined ? unread : withWords(texts[kind],
          { value: format(value, 7), off: format(Number(format(100 * off / Math.abs(Number(printed)), 2)), 7), slip }) + close;
        set(made[place].told, { text: readable(text), "data-off": value === undefined || !own ? null : String(!same) });
      });
    },
  };
};

// ------------------------------------------------------------------------------------------------- the gradient check

/** A template whose holes are filled with words that are ready: `{best}` with "1e-05". */
export function withWords(template, words) {
  return template.replace(/\{(\w+)\}/g, (_, name) => words[name]);
}

/**
 * A table of so many rows of ready texts, of which the first is the row's head; one may be lit.
 * @param {{head: string[], rows: number}} spec
 * @returns {{node: HTMLElement, draw(data: {caption?: string, rows: string[][], lit?: number}): void}}
 */
export function textTable({ head, rows: count }) {
  const caption = element("caption"), heads = head.map((text) => element("th", { scope: "col", text }));
  const rows = Array.from({ length: count }, () => element("tr", {},
    ...head.map((_, place) => element(place ? "td" : "th", { scope: place ? null : "row" }))));
  const table = element("table", {}, caption, element("thead", {}, element("tr", {}, ...heads)),
    element("tbody", {}, ...rows));
  const node = element("div", { class: "bpkit-texts" }, table);
  reachableWhereItScrolls(node);
  return {
    node,
    draw(data) {
      set(caption, { text: data.caption ?? "", hidden: !data.caption });
      rows.forEach((row, k) => {
        set(row, { class: k === data.lit ? "is-lit" : null });
        data.rows[k].forEach((text, place) => set(row.children[place], { text }));
      });
    },
  };
}

/** A number as it is read: with a real minus and raised powers of ten. */
export function written(value, digits) {
  return readable(format(value, digits));
}

/** A power of ten near a number: where the digits are rounding's, they differ from machine to machine. */
export function sizeOf(value) {
  if (!(value > 0 && value < Infinity)) return format(value);
  const power = Math.log10(value), half = power - Math.floor(power) === 0.5; // half way: to the even one, as in Python
  return tickText(Number(`1e${half ? 2 * Math.round(power / 2) : Math.round(power)}`));
}

/**
 * What the errors over h say: the h around which they are smallest (a lucky cancellation among bad neighbours does not
 * count), whether there are none at all, and how many times smaller they become from h = 0.01 to h = 0.001.
 * @param {number[]} steps the values of h, from large to small
 * @param {ArrayLike<number>} errors NaN where a loss is not finite
 */
export function bestStep(steps, errors, decade) {
  const last = errors.length - 1, near = (k) => errors[Math.max(0, Math.min(last, k))];
  let best = null, least = Infinity;
  for (let k = 0; k <= last; k++) {
    const worst = Math.max(near(k - 2), near(k - 1), near(k), near(k + 1), near(k + 2));
    if (worst < least) [best, least] = [steps[k], worst];
  }
  const [large, small] = [errors[decade], errors[2 * decade]], lost = best !== null && best <= steps[3 * decade];
  return { best, flat: !errors.some((error) => error > 0), falls: lost && small !== 0 ? large / small : null };
}

/** The errors in words: what h gives, where they are smallest, how they fall on the way there. */
export function errorWords(texts, { derivative, formula, derived, quotient, h, best, flat, falls }, digits) {
  const said = { derivative, formula, derived: written(derived, digits), h: tickText(h) };
  if (best === null) return withWords(texts.infinite, said);
  const error = Math.abs(quotient - derived), far = h > 2 * best;
  const off = far || !error ? written(error, 2) : withWords(texts.about, { error: sizeOf(error) });
  // As many digits as the error needs to be seen in them, or as rounding leaves.
  const needed = Math.floor(Math.log10(Math.abs(quotient / error) + 1)) + (far ? 3 : 0);
  const kept = error > 0 && error < Infinity ? Math.max(1, Math.min(digits, needed)) : digits;
  const text = withWords(texts.quotient, { ...said, quotient: written(quotient, kept), off: withWords(texts.off, { error: off }) });
  if (flat) return `${text} ${texts.flat}`;
  const way = withWords(falls === null ? texts.good : Number.isNaN(falls) ? texts.smallest : texts.falls, { best: sizeOf(best), times: falls?.toFixed(0) });
  return `${text} ${way}${texts.below}`;
}

VIEWS.gradient_check = (app) => {
  const { spec } = app, { texts, steps, derivatives, formulas } = spec, { notes, table } = texts;
  const names = Object.keys(derivatives), data = spec.samples ? [Float64Array.from(spec.samples.rows)] : [];
  const upward = steps.toReversed(); // so that the curves end, and have their names, where the two arms part
  const parts = { curve: part(curve(spec.parts.curve, { pick: (h) => app.move({ h: Number(h.toPrecision(3)) }) })),
    table: textTable({ head: table.head, rows: spec.rows }) };
  const run = (program, givens) => called(app.program(program).evaluate, spec.inputs[program], givens, ...data);
  const derivedOf = (givens) => app.known("derived", givens, () => run("derived", givens));
  /** What two losses say about a derivative: with the number nudged, and on the other side or where it is. */
  const quotientOf = (givens, name, h, central) => {
    const nudged = (by) => run("loss", { ...givens, [name]: givens[name] + by }).E_total;
    const { central: both, one_sided: one } = app.program("quotients").evaluate(nudged(h), nudged(central ? -h : 0), h);
    return central ? both : one;
  };
  const errorsOf = (givens, name) => app.known("errors", [name, givens], () => {
    const derived = derivedOf(givens)[derivatives[name]];
    return formulas.map(({ central }) => steps.map((h) => {
      const quotient = quotientOf(givens, name, h, central);
      return Number.isFinite(quotient) ? Math.abs(quotient - derived) : NaN;
    }));
  });
  /** The parameters of the table: all, or those around the chosen one. */
  const shown = (name) => {
    const first = Math.min(Math.max(0, names.indexOf(name) - (spec.rows >> 1)), names.length - spec.rows);
    return names.slice(first, first + spec.rows);
  };
  const measuredOf = (givens, rows, h, central) => app.known("measured", [rows[0], h, central, givens],
    () => rows.map((name) => quotientOf(givens, name, h, central)));
  return {
    parts,
    frame({ parameter, formula: central, h, digits }) {
      const givens = givensOf(app, app.values), all = derivedOf(givens), errors = errorsOf(givens, parameter);
      const place = formulas.findIndex((one) => one.central === central), found = bestStep(steps, errors[place], spec.decade);
      const rows = shown(parameter), measured = measuredOf(givens, rows, h, central);
      const said = { ...spec.spoken[parameter], formula: formulas[place].name, h: tickText(h) };
      const derived = all[derivatives[parameter]], quotient = measured[rows.indexOf(parameter)];
      const error = Math.abs(quotient - derived);
      const off = (error) => (!(error <= 100 * spec.noise * Math.abs(all.E_total) / h) || !error ? written(error, 2)
        : withWords(texts.about, { error: sizeOf(error) }));

      // A formula keeps its colour; the chosen one lies above and has its points.
      const series = formulas.map(({ name }, k) => ({ label: name, x: upward, y: errors[k].toReversed(), color: k,
        kind: k === place ? "line+dots" : "line" }));
      const star = { x: found.best, y: errors[place][steps.indexOf(found.best)], shape: "star", color: 2, label: texts.star };
      const sizes = [...errors.flat(), error].filter((one) => one > 0 && one < Infinity).map(Math.log10);
      const room = sizes.length ? [10 ** (Math.floor(Math.min(...sizes)) - 1), 10 ** Math.ceil(Math.max(...sizes) + 0.2)] : undefined;
      parts.curve.draw({ series: [series[place], ...series.toSpliced(place, 1)], xrange: spec.seen, yrange: room, digits,
        marker: { x: h, series: -1, silent: true },
        points: [...(found.best === null || found.flat ? [] : [star]), { x: h, y: error, label: `${texts.here}: ${off(error)}` }] });
      const more = names.length - rows.length;
      parts.table.draw({
        caption: withWords(table.caption, said) + (more ? withWords(table.more, { more }) : ""),
        rows: rows.map((name, k) => {
          const both = [all[derivatives[name]], measured[k]], head = spec.spoken[name].derivative;
          return [name === parameter ? withWords(table.here, { derivative: head }) : head,
            ...both.map((value) => written(value, Math.max(8, digits))), off(Math.abs(both[0] - both[1]))];
        }),
        lit: rows.indexOf(parameter),
      });
      const outside = h < spec.seen[0] || h > spec.seen[1] ? notes.outside : "";
      const note = found.best === null ? notes.infinite : found.flat ? notes.flat : outside + notes.best;
      return {
        message: withWords(note, { ...said, best: sizeOf(found.best) }),
        warning: found.best === null,
        words: () => errorWords(texts, { ...said, ...found, derived, quotient, h }, digits),
      };
    },
  };
};

// -------------------------------------------------------------------------------------------------------------- cost

const SHORTEST_TIMED = 2, TIMING = 20, REST = 120; // ms: what a clock can tell apart, for all of it, before it starts
const LEAST_TIMED = 5; // rows of runs: one alone may have been interrupted
const NUDGE = 1e-5;

/** How many milliseconds a run takes: the shortest of some rows of runs, as others were interrupted. */
function millisecondsOf(run) {
  let runs = 1, rows = 0, best = Infinity;
  const end = performance.now() + TIMING;
  for (let now = 0; now < end || rows < LEAST_TIMED; ) {
    const start = performance.now();
    for (let k = 0; k < runs; k++) run();
    now = performance.now();
    if (now - start < SHORTEST_TIMED) {
      runs *= 2;
      continue;
    }
    rows++;
    best = Math.min(best, (now - start) / runs);
  }
  return best;
}

/** A count with a comma after each three digits. */
function commas(count) {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}

VIEWS.cost = (app) => {
  const { spec } = app, { texts, costs } = spec, { table } = texts, [nudging, backward] = texts.names;
  const parts = { curve: part(curve(spec.parts.curve)), table: textTable({ head: table.head, rows: 3 }) };
  const here = ({ width, depth }) => costs[depth][width - 1], times = new Map();
  const [x, y] = [spec.inputs, spec.targets].map((row) => Float64Array.from(row));
  let timer = 0;

  /** Time both ways on the program of this size: all derivatives by nudging, and all by one way back. */
  const time = ({ layers }) => {
    const { make, loss, gradients } = app.program("sized"), model = make(layers), { theta, gradient } = model;
    theta.fill(0.1);
    const nudge = () => {
      for (let p = 0; p < gradient.length; p++) {
        for (const by of [NUDGE, -NUDGE]) {
          theta[p] += by;
          loss(model, x, y, 1);
          theta[p] -= by;
        }
      }
    };
    const runs = [nudge, () => gradients(model, x, y, 1)];
    const rounds = [0, 1].map(() => runs.map(millisecondsOf)); // the browser makes a program fast while it runs
    return runs.map((_, way) => Math.min(...rounds.map((times) => times[way])));
  };
  /** The times, or nothing yet: they are taken when the sliders rest, so that nothing waits for them. */
  const timesOf = (one) => {
    if (!spec.programs.of.sized) return null;
    clearTimeout(timer);
    if (!times.has(one)) {
      timer = setTimeout(() => {
        if (!parts.table.node.isConnected) return;
        times.set(one, time(one));
        app.frame();
      }, REST);
    }
    return times.get(one) ?? null;
  };
  const timeText = (ms) => withWords(ms < 1 ? table.microseconds : table.milliseconds,
    { time: written(ms < 1 ? 1000 * ms : ms, 3) });
  return {
    parts,
    settle: (next) => ({ ...next, width: Math.min(next.width, costs[next.depth].length) }),
    source: (values) => here(values).source,
    frame(values) {
      const { width, depth } = values, row = costs[depth], one = here(values), widest = row.length;
      const { parameters, runs, forward, both } = one, at = row.map((cost) => cost.parameters);
      const times = written(one.nudging / both, 3), passes = written(both / forward, 2);
      const took = timesOf(one), waiting = spec.programs.of.sized ? table.waiting : "–";
      parts.curve.draw({
        series: [{ label: nudging, x: at, y: row.map((cost) => cost.nudging), color: 0 },
          { label: backward, x: at, y: row.map((cost) => cost.both), color: 1 }],
        xrange: spec.seen[0], yrange: spec.seen[1], arrow: { from: [parameters, both], to: [parameters, one.nudging] },
        points: [one.nudging, both].map((y, color) => ({ x: parameters, y, color, label: commas(y) })),
      });
      parts.table.draw({ rows: [
        [nudging, withWords(table.forward, { runs: commas(runs) }), commas(one.nudging), took ? timeText(took[0]) : waiting],
        [backward, table.passes, commas(both), took ? timeText(took[1]) : waiting],
        [table.gap, "", withWords(table.more, { times }),
          took ? withWords(table.longer, { times: written(took[0] / took[1], 3) }) : waiting],
      ] });
      const note = width === widest && widest < costs[1].length ? withWords(texts.note, { depth, widest }) : "";
      return {
        message: `${withWords(texts.ratio, { passes, runs: commas(runs) })} ${note}`,
        ends: { width: widest },
        words: () => withWords(texts.all, { sizes: one.layers.join("-"), passes, times,
          ...Object.fromEntries(Object.entries({ parameters, runs, forward, nudging: one.nudging, both,
            from: at[0], to: at.at(-1), nudgingFrom: row[0].nudging, nudgingTo: row.at(-1).nudging,
            bothFrom: row[0].both, bothTo: row.at(-1).both }).map(([name, count]) => [name, commas(count)])) }),
      };
    },
  };
};

// ---------------------------------------------------------------------------------------------------------- boundary

const PLANE_POINTS = 61;  // of the grid, each way
const GLANCE = 3;  // each so many of them is in the picture of a neuron
const COLUMN_HIGH = 204, COLUMNS_WIDE = 560, NEURON_LARGEST = 40;
const AT_ONCE = 40;  // milliseconds of training before a frame: then it goes on in the next
const WARMING = 20;  // updates at the start, thrown away, after which a browser runs the program fast

/** The neurons of each hidden layer, of a text like "8, 4"; null for another text. */
export function readNeurons(text, { deepest, widest }) {
  const words = text.trim() ? text.trim().split(/[\s,;]+/) : [];
  const good = words.length <= deepest && words.every((word) => /^[0-9]{1,3}$/.test(word) && word >= 1 && word <= widest);
  return good ? words.map(Number) : null;
}

/** The pace at which a run made the step after so many: [updates, rate, decay, batch]; `now` is the one set. */
export function paceAt(course, now, step) {
  return course.find(([end]) => step < end)?.slice(1) ?? now;
}

/** The course up to a step, of a run that goes on from there at another pace. */
export function forkedCourse(course, now, step) {
  const kept = course.filter(([end]) => end <= step);
  return step > (kept.at(-1)?.[0] ?? 0) ? [...kept, [step, ...paceAt(course, now, step)]] : kept;
}

/**
 * A run of training, step by step, of which every step is kept: going back costs nothing, and where the pace of a step
 * turns out to be another one, the run is made anew from there.
 */
class StepwiseRun {
  constructor(program, model, training, test) {
    Object.assign(this, { program, model, training, test, paces: [], ended: false });
    this.ends = [{ theta: model.theta.slice(), first: 0 }];
    this.losses = [program.loss(model, training.x, training.y, training.n)];
    this.counts = [0];  // updates up to each step
    this.testLosses = [this.testLoss()];
  }

  testLoss() {
    return this.test.n ? this.program.loss(this.model, this.test.x, this.test.y, this.test.n) : NaN;
  }

  /** Train towards a step, for some time at most; the model is then as it was after the step that is returned. */
  at(step, course, now, most = Infinity) {
    const end = performance.now() + most, { program, model, training: { x, y, n } } = this;
    const other = this.paces.findIndex((pace, k) => pace.some((one, place) => one !== paceAt(course, now, k)[place]));
    if (other >= 0) this.cut(other);
    while (this.paces.length < step && !this.ended && performance.now() < end) {
      const [updates, rate, decay, batch] = paceAt(course, now, this.paces.length);
      const before = this.ends.at(-1);
      model.theta.set(before.theta);
      const made = program.train(model, x, y, n, { learning_rate: rate, weight_decay: decay },
        { updates, batch, first: before.first });
      for (const loss of made.losses.subarray(1)) this.losses.push(loss);
      this.ends.push({ theta: model.theta.slice(), first: made.first });
      this.counts.push(this.losses.length - 1);
      this.testLosses.push(this.testLoss());
      this.paces.push([updates, rate, decay, batch]);
      this.ended = made.ended;
    }
    const reached = Math.min(step, this.paces.length);
    model.theta.set(this.ends[reached].theta);
    return reached;
  }

  cut(step) {
    this.ended = false;
    this.losses.length = this.counts[step] + 1;
    this.paces.length = step;
    for (const kept of [this.ends, this.counts, this.testLosses]) kept.length = step + 1;
  }
}

/**
 * A network of any size as columns of small pictures, one for each neuron, with a line for each weight.
 *
 * data: `{sizes, weights: Float64Array[] (from 1 on, a row for each source), fields: {z, range}[][], window, points,
 * largest: {name, value}}`; `fields` has one list for each layer.
 */
function neuronColumns(texts) {
  const lines = drawn("g"), names = drawn("g");
  const picture = drawn("svg", { viewBox: `0 0 ${COLUMNS_WIDE} ${COLUMN_HIGH + 16}`, role: "img" }, lines, names);
  const node = element("div", { class: "bpkit-neurons", style: `max-width:${COLUMNS_WIDE}px` }, picture);
  const weightNodes = keptNodes(lines, "path"), nameNodes = keptNodes(names, "text");
  const kept = [];
  let shape = "", places = [];

  /** Where each neuron is, and the fields that are needed. */
  const lay = (sizes) => {
    const wide = COLUMNS_WIDE - 76;
    places = sizes.map((count, layer) => {
      const size = Math.min(NEURON_LARGEST, COLUMN_HIGH / count - 2), x = 48 + wide * layer / (sizes.length - 1);
      return Array.from({ length: count }, (_, k) => ({ size, x, y: COLUMN_HIGH * (k + 0.5) / count }));
    });
    let used = 0;
    for (const { size, x, y } of places.flat()) {
      if (!kept[used]) {
        const small = field({ small: true, size: NEURON_LARGEST, look: "sides" });
        small.node.style.width = "100%";
        kept.push({ small, box: node.appendChild(element("div", { class: "bpkit-neuron-box" }, small.node)) });
      }
      const share = (pixels, of) => `${(100 * pixels / of).toFixed(3)}%`;
      set(kept[used++].box, { hidden: false, style: `left:${share(x - size / 2, COLUMNS_WIDE)};` +
        `top:${share(y - size / 2, COLUMN_HIGH + 16)};width:${share(size, COLUMNS_WIDE)}` });
    }
    for (const { box } of kept.slice(used)) set(box, { hidden: true });
    const last = sizes.length - 1;
    nameNodes([
      ...places.map((column, layer) => ({ x: column[0].x, y: COLUMN_HIGH + 13, "text-anchor": "middle",
        text: layer === 0 ? texts.inputs : layer === last ? texts.output
          : withWords(column.length === 1 ? texts.hiddenOne : texts.hidden, { width: column.length }) })),
      ...places[0].map(({ x, y, size }, k) => ({ x: x - size / 2 - 6, y: y + 4, "text-anchor": "end", text: `x${lowDigits(k + 1)}` })),
    ]);
  };

  return {
    node,
    draw({ sizes, weights, fields, window }) {
      if (String(sizes) !== shape) lay(sizes);
      shape = String(sizes);
      fields.flat().forEach(({ z, n, range }, k) =>
        kept[k].small.draw({ window, nx: n, ny: n, z, range, levels: [] }));
      const wanted = [];
      for (let layer = 1; layer < sizes.length; layer++) {
        places[layer - 1].forEach((from, k) => places[layer].forEach((to, j) => {
          const weight = weights[layer][k * sizes[layer] + j], middle = (from.x + to.x) / 2;
          const start = from.x + from.size / 2, end = to.x - to.size / 2;
          wanted.push({ class: weight < 0 ? "bpkit-weight bpkit-weight-negative" : "bpkit-weight",
            d: `M${toTenth(start)} ${toTenth(from.y)}C${toTenth(middle)} ${toTenth(from.y)} ${toTenth(middle)} ` +
              `${toTenth(to.y)} ${toTenth(end)} ${toTenth(to.y)}`,
            "stroke-width": toTenth(Math.min(7, 0.3 + 1.5 * Math.abs(weight))) });
        }));
      }
      weightNodes(wanted);
    },
    words: ({ sizes, largest }) => withWords(texts.pictures, { name: largest.name, weight: largest.value }),
    /** The picture's name, which changes with its words. */
    label(text) { set(picture, { "aria-label": text }); },
  };
}

/** Points in one row, each with its class, as what a program takes and what a field draws. */
function pointsOf(rows, level) {
  const n = rows.length / 3, x = new Float64Array(2 * n), y = new Float64Array(n);
  for (let k = 0; k < n; k++) [x[2 * k], x[2 * k + 1], y[k]] = rows.slice(3 * k, 3 * k + 3);
  const groups = [0, 1].map((kind) => {
    const chosen = [...y.keys()].filter((k) => (y[k] > level) === (kind === 1));
    return { kind, chosen, x: chosen.map((k) => x[2 * k]), y: chosen.map((k) => x[2 * k + 1]) };
  });
  return { n, x, y, groups };
}

/** The plane as each neuron of each layer sees it, and the output in full, whose colours run over `ends` everywhere. */
function planeOf({ program, model, grid, sizes }, ends) {
  const n = PLANE_POINTS ** 2, small = Math.ceil(PLANE_POINTS / GLANCE);
  program.forward(model, grid, n);
  const layers = sizes.map((width, layer) => Array.from({ length: width }, (_, neuron) => {
    const all = layer ? model.out[layer] : grid, z = new Float64Array(small ** 2);
    let most = 1e-9, low = Infinity;
    for (let row = 0, to = 0; row < small; row++)
      for (let column = 0; column < small; column++, to++) {
        const value = all[(row * PLANE_POINTS + column) * GLANCE * width + neuron];
        z[to] = value;
        if (Math.abs(value) > most) most = Math.abs(value);
        if (value < low) low = value;
      }
    return { z, n: small, range: layer === sizes.length - 1 ? ends : [-most, most] };
  }));
  return { layers, z: model.out.at(-1).slice(0, n) };
}

/** Which points are on the wrong side, group by group, and how many are right. */
function judged({ program, model }, points, level) {
  const outputs = points.n ? program.forward(model, points.x, points.n) : [];
  const groups = points.groups.map((group) => ({ ...group, wrong: group.chosen.map((k) => (outputs[k] > level) !== (group.kind === 1)) }));
  const wrong = groups.reduce((sum, group) => sum + group.wrong.filter(Boolean).length, 0);
  return { groups, wrong, right: points.n - wrong };
}

/** The piece of the plane around some points, and the points of a grid over it. */
function groundOf(points) {
  const ends = [0, 1].map((way) => {
    const all = points.x.filter((_, k) => k % 2 === way), low = Math.min(...all), high = Math.max(...all);
    return { middle: (low + high) / 2, span: high - low };
  });
  const reach = Math.max(0.5, 0.65 * Math.max(...ends.map(({ span }) => span)));
  const [x, y] = ends.map((one) => [one.middle - reach, one.middle + reach]);
  const grid = new Float64Array(2 * PLANE_POINTS ** 2), along = ([low, high], k) => low + (high - low) * k / (PLANE_POINTS - 1);
  for (let n = 0; n < PLANE_POINTS ** 2; n++) {
    grid[2 * n] = along(x, n % PLANE_POINTS);
    grid[2 * n + 1] = along(y, Math.floor(n / PLANE_POINTS));
  }
  return { window: { x, y }, grid };
}

VIEWS.boundary = (app) => {
  const { spec } = app, { texts, limits } = spec;
  const columns = neuronColumns(texts);
  const parts = { network: part(columns), field: part(field(spec.parts.field)),
    curve: part(curve(spec.parts.curve, { pick: (x) => pick(x) })) };
  let complaint = "", shown = null, again = 0;

  const yours = (values) => values.data === spec.yours;
  const untouched = (values) => yours(values) && spec.own.untouched.every((one, k) =>
    one === [values.neurons, values.activation, values.seed][k]);
  const paceOf = (values) => spec.pace.map((name) => values[name]);
  const middle = (values) => (yours(values) ? spec.own.middle : 0.5);
  const sizesOf = ({ neurons }) => [2, ...readNeurons(neurons, limits), 1];

  /** The points of some values: those to train on, and those to test. */
  const dataOf = (values) => {
    if (yours(values)) return { training: pointsOf(spec.own.rows, middle(values)), test: pointsOf([], 0) };
    const clean = spec.sets[values.data], { normal } = draws(0), noisy = [];
    for (let k = 0; k < clean.length; k += 3) {
      noisy.push([clean[k] + values.noise * normal(), clean[k + 1] + values.noise * normal(), clean[k + 2]]);
    }
    const rows = spec.order.map((k) => noisy[k]);
    return { training: pointsOf(rows.slice(0, spec.training).flat(), 0.5), test: pointsOf(rows.slice(spec.training).flat(), 0.5) };
  };

  /** The default names of biases, in their order. */
  const biasNames = (sizes, kind) => sizes.slice(1).flatMap((width, l) => {
    const layer = l + 2 === sizes.length ? "o" : sizes.length > 3 ? `h${l + 1}_` : "h";
    if (kind === "layer") return [`b${l + 1}`];
    return kind === "neuron" ? Array.from({ length: width }, (_, k) => `b_${layer}${k + 1}`) : [];
  });

  const programOf = (values) => app.program(yours(values) ? "own" : "sets");

  /** A network at its start. */
  const startOf = (values) => {
    const program = programOf(values), model = program.make(sizesOf(values), values.activation);
    if (untouched(values)) model.theta.set(spec.own.theta);
    else program.initial(model, draws(values.seed).normal, "xavier");
    return model;
  };

  /** The run of some values, with the grid on which its network is drawn; a new one for a new setup. */
  const runOf = (values) => {
    const key = JSON.stringify(spec.setup.map((name) => values[name]));
    if (shown?.key === key) return shown;
    const { training, test } = dataOf(values), program = programOf(values);
    const { window, grid } = groundOf(training);
    const model = startOf(values), sizes = sizesOf(values);
    const places = untouched(values) ? spec.own.places : program.order(model);
    const weights = sizes.slice(1).reduce((sum, width, l) => sum + width * sizes[l], 0);
    const names = untouched(values) ? spec.own.names : [...Array.from({ length: weights }, (_, k) => `w${k + 1}`),
      ...biasNames(sizes, spec.outputs[yours(values) ? "own" : "sets"][2])];
    shown = { key, training, test, program, window, grid, model, sizes, places, names, weights,
      run: new StepwiseRun(program, model, training, test) };
    return shown;
  };

  /** Why the boundary is a straight line whatever the weights are; empty where it can bend. */
  const straight = (values, sizes) => {
    const hidden = sizes.slice(1, -1), [output] = spec.outputs[yours(values) ? "own" : "sets"];
    if (![output, ...(hidden.length ? [values.activation] : [])].every((kind) => spec.rising.includes(kind))) return "";
    if (!hidden.length) return texts.straightNone;
    if (values.activation === "identity") return texts.straightIdentity;
    return hidden.every((width) => width === 1) ? texts.straightOne : "";
  };

  /** What to make of a run that leaves points on the wrong side; nothing while it goes well. */
  const outlook = (values, { losses, sizes, step, wrong, count }) => {
    const updates = losses.length - 1, flat = losses[updates] > limits.flat * losses[Math.floor(updates / 2)];
    if (updates < limits.enough || !wrong || !(flat || step === limits.steps)) return "";
    const text = withWords(wrong === 1 ? texts.wrongOne : texts.wrong, { wrong, count });
    if (!flat) return text + texts.falls;
    const why = straight(values, sizes);
    if (why) return `${text}${withWords(texts.straight, { why })}${spec.perhaps_straight.includes(values.data) ? "" : texts.inseparable}.`;
    return text + (step < limits.steps ? texts.pause : texts.stuck);
  };

  /** The step that an update belongs to, for a click on the curve. */
  const pick = (x) => {
    const counts = shown?.run.counts ?? [0];
    let nearest = 0;
    counts.forEach((count, step) => { if (Math.abs(count - x) < Math.abs(counts[nearest] - x)) nearest = step; });
    app.move({ step: nearest });
  };

  // As Python writes it.
  const numbersText = ({ names, places }, theta) =>
    `parameters={${names.map((name, k) => `'${name}': ${exactly(theta[places[k]])}`).join(", ")}}`;
  const changeText = ([, oldRate, oldDecay], [, rate, decay], more = "") => {
    const found = [];
    if (rate !== oldRate) found.push(`learning_rate=${exactly(rate)}`);
    if (decay !== oldDecay) found.push(`update=bp.updates.GradientDescent(${decay ? `weight_decay=${exactly(decay)}` : ""})`);
    if (more) found.push(more);
    return found.length ? `.replace(${found.join(", ")})` : "";
  };
  const networkText = (values, sizes) => {
    const [output, loss, bias] = spec.outputs[yours(values) ? "own" : "sets"];
    const kinds = [...sizes.slice(2).map(() => values.activation), output].map((kind) => `'${kind}'`).join(", ");
    return `bp.Network(${sizes.join(", ")}, activation=[${kinds}], loss='${loss}', bias='${bias}')`;
  };
  app.expression = () => {
    const { values } = app, one = runOf(values), now = paceOf(values), step = one.step ?? 0, legs = [];
    let before = 0;
    for (const [end, ...pace] of [...values.course, [step, ...now]]) {
      if (before < Math.min(end, step)) legs.push([pace, (Math.min(end, step) - before) * pace[0]]);
      before = end;
    }
    const last = paceAt(values.course, now, step);
    let given = legs[0]?.[0] ?? last, text;
    if (yours(values)) {
      text = spec.own.source;
      if (!untouched(values)) text += `.replace(network=${networkText(values, one.sizes)}, ${numbersText(one, one.run.ends[0].theta)})`;
      given = [0, ...spec.own.pace];
    } else {
      text = `bp.examples.data_set('${values.data}', ${spec.order.length}, ${exactly(values.noise)}).split()[0]` +
        `.problem(${networkText(values, one.sizes)}, seed=${values.seed}, learning_rate=${exactly(given[1])})`;
      given = [0, given[1], 0];
    }
    if (legs.some(([pace]) => pace[3] > 0 && pace[3] < one.training.n)) {
      return text + changeText(given, last, numbersText(one, one.run.ends[step].theta));
    }
    for (const [pace, updates] of legs) {
      text += `${changeText(given, pace)}.updated(${updates})`;
      given = pace;
    }
    return text + changeText(given, last);
  };

  // What a browser has run a few times it runs fast: this happens before anybody presses Play.
  const warm = () => {
    const { program, training, sizes } = runOf(app.values), model = program.make(sizes, app.values.activation);
    model.theta.set(shown.model.theta);
    program.train(model, training.x, training.y, training.n, { learning_rate: 0.1, weight_decay: 0 }, { updates: WARMING });
  };

  const walk = player(app, "step", { interval: 40, label: "the training" });
  warm();
  return {
    parts,
    extra: { play: walk.node },
    settle(next, before) {
      complaint = "";
      const hidden = readNeurons(next.neurons, limits);
      if (!hidden) {
        walk.halt();  // the next step would take the complaint away
        complaint = withWords(texts.neurons, { ...limits, typed: `'${next.neurons}'` });
        return { ...next, neurons: before.neurons };
      }
      const values = { ...next, neurons: hidden.join(", ") };
      if (values.course !== before.course) return values;  // who moved it has settled it
      if (!values.step && before.step) return { ...values, course: [] };  // back at the start a run begins anew
      if (spec.setup.some((name) => values[name] !== before[name])) {
        return { ...values, step: values.step !== before.step ? values.step : 0, course: [] };
      }
      if (spec.pace.every((name) => values[name] === before[name])) return values;
      const course = forkedCourse(before.course, paceOf(before), Math.min(values.step, before.step));
      return { ...values, course };
    },
    frame(values) {
      const one = runOf(values), { run, training, test, window, sizes, model } = one, { digits, course } = values;
      const level = middle(values), step = one.step = run.at(values.step, course, paceOf(values), AT_ONCE);
      const ended = run.ended && step === run.paces.length;
      if (step < values.step && !run.ended) {  // the rest of a long way comes in the next frames
        cancelAnimationFrame(again);
        again = requestAnimationFrame(() => app.frame());
      }
      const ends = yours(values) ? spec.own.ends : [0, 1];
      const { layers, z } = planeOf(one, ends), good = judged(one, training, level), tested = judged(one, test, level);
      const losses = run.losses.slice(0, run.counts[step] + 1), updates = losses.length - 1;
      let largest = 0;
      for (let k = 0; k < one.weights; k++)
        if (Math.abs(model.theta[one.places[k]]) > Math.abs(model.theta[one.places[largest]])) largest = k;
      const network = { sizes, weights: model.W, fields: layers, window,
        largest: { name: one.names[largest], value: written(model.theta[one.places[largest]], 4) } };
      parts.network.draw(network);
      columns.label(`${sizes.join("-")}: ${columns.words(network)}`);
      const hollow = tested.groups.map((group) => ({ ...group, hollow: true }));
      const groups = [...hollow.filter((group) => group.x.length), ...good.groups];
      parts.field.draw({ window, nx: PLANE_POINTS, ny: PLANE_POINTS, z, levels: [level], points: groups, range: ends });
      // Colours 0 and 1 are those of the classes.
      const series = [{ label: test.n ? texts.training : "", y: losses, color: 3, dash: false }];
      if (test.n) series.push({ label: texts.test, x: run.counts.slice(0, step + 1), y: run.testLosses.slice(0, step + 1), color: 4, dash: "7 4" });
      parts.curve.draw({ series: updates ? series : [], digits, empty: texts.coming });
      const pace = paceAt(course, paceOf(values), step);
      const said = { updates, count: training.n, right: good.right,
        test_right: tested.right, test_count: test.n,
        loss: format(losses[updates], digits), test_loss: format(run.testLosses[step], digits), rate: format(pace[1]) };
      const right = withWords(test.n ? texts.rightTested : texts.right, said);
      const note = ended ? withWords(texts.diverged, said)
        : `${withWords(updates === 1 ? texts.one : texts.many, { ...said, tested: test.n ? withWords(texts.tested, said) : "" })} ` +
          (outlook(values, { losses, sizes, step, wrong: good.wrong, count: training.n }) || `${right} ${withWords(texts.pace, said)}`);
      return {
        message: complaint || note,
        warning: Boolean(complaint) || ended,
        ends: { step: run.ended ? Math.max(1, run.paces.length) : limits.steps },
        words: () => {
          const start = withWords(texts.start, { sizes: sizes.join("-"), kind: sizes.length > 2 ? values.activation : "no",
            data: values.data, first: format(losses[0], digits) });
          const now = updates ? withWords(texts.now, { last: format(losses[updates], digits), updates }) : "";
          return `${start}${now}. ${app.words()} ${right}`;
        },
      };
    },
  };
};

// What a learner's own program did: each step is a place on its course, nothing is trained here.
VIEWS.own_boundary = (app) => {
  const { spec } = app, { texts, sizes, names, places, updates } = spec;
  const columns = neuronColumns(texts);
  const parts = { network: part(columns), field: part(field(spec.parts.field)),
    curve: part(curve(spec.parts.curve, { pick: (x) => pick(x) })) };
  const program = app.program("own"), model = program.make(sizes, spec.hidden);
  const points = pointsOf(spec.rows, spec.middle), { window, grid } = groundOf(points), n = points.n;
  const losses = spec.course.map((theta) => {
    model.theta.set(theta);
    return program.loss(model, points.x, points.y, n);
  });
  const weights = sizes.slice(1).reduce((sum, width, l) => sum + width * sizes[l], 0);

  const nearest = (x) => updates.reduce((best, one, step) => (Math.abs(one - x) < Math.abs(updates[best] - x) ? step : best), 0);
  const pick = (x) => app.move({ updates: updates[nearest(x)] });

  const message = (step, said) => {
    const so = `${withWords(updates[step] === 1 ? texts.one : texts.many, said)} ${withWords(texts.right, said)}`;
    if (spec.trouble) return step ? `${spec.trouble} ${so}` : spec.trouble;
    if (said.agrees === null || !step) return so;
    return `${so} ${said.agrees ? texts.same : withWords(texts.other, said)}`;
  };

  app.expression = () => {
    const theta = spec.course[nearest(app.values.updates)];
    return `${spec.source}.replace(parameters={${names.map((name, k) => `'${name}': ${exactly(theta[places[k]])}`).join(", ")}})`;
  };

  const walk = player(app, "updates", { step: spec.pace, interval: 40, label: "the course of your program" });
  return {
    parts,
    extra: { play: walk.node },
    settle: (next) => ({ ...next, updates: updates[nearest(next.updates)] }),
    frame({ updates: made, digits }) {
      const step = nearest(made);
      model.theta.set(spec.course[step]);
      const one = { program, model, grid, sizes }, { layers, z } = planeOf(one, spec.ends), good = judged(one, points, spec.middle);
      let largest = 0;
      for (let k = 0; k < weights; k++)
        if (Math.abs(model.theta[places[k]]) > Math.abs(model.theta[places[largest]])) largest = k;
      const network = { sizes, weights: model.W, fields: layers, window,
        largest: { name: names[largest], value: written(model.theta[places[largest]], 4) } };
      parts.network.draw(network);
      columns.label(`${sizes.join("-")}: ${columns.words(network)}`);
      parts.field.draw({ window, nx: PLANE_POINTS, ny: PLANE_POINTS, z, levels: [spec.middle], points: good.groups, range: spec.ends });
      const series = [{ label: "", x: updates.slice(0, step + 1), y: losses.slice(0, step + 1), color: 0 }];
      // The axis is that of the whole course, so that what the loss does at a step can be compared with the rest.
      parts.curve.draw({ series: step ? series : [], xrange: step ? [0, updates.at(-1)] : undefined, digits,
        points: step ? [{ x: updates[step], y: losses[step], shape: "circle" }] : [], empty: spec.trouble ? "" : texts.coming });
      const expected = spec.expected[step], loss = losses[step];
      const said = { updates: updates[step], count: n, right: good.right, tested: "", loss: format(loss, digits),
        agrees: expected === null ? null : Math.abs(loss - expected) <= spec.alike * Math.abs(expected),
        expected: expected === null ? "" : format(expected, digits) };
      return {
        message: message(step, said),
        warning: Boolean(spec.trouble) || said.agrees === false,
        words: () => {
          const start = withWords(texts.start, { sizes: sizes.join("-"), kind: sizes.length > 2 ? spec.hidden : "no",
            data: spec.yours, first: format(losses[0], digits) });
          const now = step ? withWords(texts.now, { last: said.loss, updates: updates[step] }) : "";
          return `${start}${now}. ${app.words()}`;
        },
      };
    },
  };
};

// ------------------------------------------------------------------------------------------------------------- depth

const LEAST_DECADES = { sizes: 4, losses: 1 }; // of an axis: what stays as it is looks as if it stays
const ASIDE = 20; // ms of training between two frames: long runs grow while the page stays quick
const TRAINED_AT_ONCE = 5; // updates
const SHALLOW_COLOR = 4, SPREAD_COLOR = 5; // of 1 hidden layer's curve and the outputs'; kept curves have 2, 3, 4

/** Whole powers of ten around some numbers, at least so many and with such a margin; no others count. */
export function decades(values, least, [floor, ceiling], margin = 0.1) {
  const powers = Array.from(values).filter((value) => value > 0 && Number.isFinite(value))
    .map((value) => Math.log10(Math.min(Math.max(value, floor), ceiling)));
  if (!powers.length) return [10 ** -least, 1];
  const [low, high] = [Math.floor(Math.min(...powers) - margin), Math.ceil(Math.max(...powers) + margin)];
  const spare = Math.max(0, least - (high - low));
  return [Number(`1e${low - Math.ceil(spare / 2)}`), Number(`1e${high + Math.floor(spare / 2)}`)];
}

/** What becomes of sizes on the way back from the last layer to the first, in one of Python's sentences. */
export function changeOf(texts, sizes, level) {
  const first = sizes[0], last = sizes.at(-1), steps = sizes.length - 1;
  if (!sizes.every(Number.isFinite)) return texts.overflow;
  if (!last) return texts.none;
  if (!first) return texts.lost;
  const factor = Math.max(first / last, last / first);
  const most = Math.max(...sizes);
  if (factor < level) return fill(texts.level, { factor: most / Math.min(...sizes.filter(Boolean)), most }, 2);
  const times = factor >= 1000 && factor < 1e12 ? commas(Number(factor.toPrecision(3))) : format(factor, 3);
  const every = format(factor ** (1 / Math.max(steps, 1)), 3), each = steps > 1 ? withWords(texts.each, { each: every }) : "";
  return withWords(first < last ? texts.shrink : texts.grow, { times, each, every });
}

/** How much the outputs of a layer differ over n samples: the root mean square of their standard deviations. */
function spreadOf(out, width, n) {
  let sum = 0;
  for (let j = 0; j < width; j++) {
    let mean = 0;
    for (let i = 0; i < n; i++) mean += out[i * width + j] / n;
    for (let i = 0; i < n; i++) sum += (out[i * width + j] - mean) ** 2;
  }
  return Math.sqrt(sum / (n * width));
}

/**
 * A run of training that is made bit by bit.
 * @returns {{losses: number[], ended: number | null, done: boolean, advance(ms: number): void, moved(layer: number): number}}
 *   `moved`: how far the weight that changed most is from where it began
 */
function patientRun({ train }, model, samples, constants, { updates, batch, first }) {
  const begun = model.W.map((weights) => weights?.slice());
  const run = {
    losses: [], ended: null, done: false,
    advance(ms) {
      const end = performance.now() + ms;
      do {
        const made = Math.max(0, run.losses.length - 1), more = Math.min(TRAINED_AT_ONCE, updates - made);
        const found = train(model, ...samples, constants, { updates: more, batch, first });
        run.losses.push(...found.losses.subarray(run.losses.length ? 1 : 0));
        first = found.first;
        if (found.ended) run.ended = run.losses.length;
        run.done = found.ended || run.losses.length > updates;
      } while (!run.done && performance.now() < end);
    },
    moved: (layer) => model.W[layer].reduce((most, now, k) => Math.max(most, Math.abs(now - begun[layer][k])), 0),
    last: model.last,
  };
  return run;
}

VIEWS.depth = (app) => {
  const { spec } = app, { texts, drawn: { floor, ceiling, level, one: same, saturated, spread: least } } = spec, [inputs, outputs, n] = spec.ends;
  const parts = { sizes: part(curve(spec.parts.sizes)), losses: part(curve(spec.parts.losses)) };
  const table = textTable({ head: texts.table.head, rows: n > 1 ? 4 : 3 });
  const program = app.program("layered"), { inputs: x, targets: y } = spec.samples;
  const samples = [Float64Array.from(x), Float64Array.from(y), n], bounds = [floor, ceiling];
  let timer = 0;

  const layersOf = ({ depth, width }) => [inputs, ...Array(depth).fill(width), outputs];
  const drawnModel = (values) => {
    const model = program.make(layersOf(values), values.activation, values.output, values.past);
    program.initial(model, draws(values.seed).normal, values.scheme, values.scale);
    return model;
  };
  const hasWays = ({ past, depth }) => Boolean(past) && depth > 1;
  const key = (values) => [hasWays(values), ...["depth", "width", "activation", "output", "scheme", "scale", "seed"]
    .map((name) => values[name])];
  const sizesOf = (values) => app.known("sizes", key(values), () => {
    const model = drawnModel(values);
    program.gradients(model, ...samples);
    const spreads = n > 1 ? layersOf(values).slice(1, -1).map((width, k) => spreadOf(model.out[k + 1], width, n)) : [];
    return { ...program.gradientSizes(model, n), spreads };
  });
  const runOf = (values) => app.known("run", key(values), () =>
    patientRun(program, drawnModel(values), samples, spec.constants, spec.training));

  const layersText = (depth) => withWords(depth === 1 ? texts.layer : texts.layers, { depth });
  const forward = (spreads) => spreads.map((one) => (one < least ? 0 : one)).reverse();
  const changes = ({ weights, nets, spreads }) => [weights, nets].map((row, k) =>
    `${texts.names[k][0].toUpperCase()}${texts.names[k].slice(1)}: ${changeOf(texts, row, level)}`).join(" ") +
    (spreads.length < 2 ? "" : withWords(texts.forward, { change: changeOf(texts.spreadChange, forward(spreads), level) }));
  /** The same as rows of a table: what becomes of each in all, and in a layer; and how large the derivatives are at most. */
  const tabled = ({ weights, nets, spreads }) => {
    const told = (row) => readable(changeOf(texts.table, row, same)), most = Math.max(...weights);
    const cells = [told(nets), told(weights), Number.isFinite(most) ? written(most, 2) : texts.table.overflow,
      ...(n > 1 ? [spreads.length > 1 ? told(forward(spreads)) : ""] : [])];
    return cells.map((text, k) => [texts.table.rows[k], ...text.split("|"), ""].slice(0, 3));
  };
  const flat = ({ nets }, { output }) => (nets.at(-1) < saturated && output !== "identity" &&
    spec.controls.output.options.some(([, value]) => value === "identity") ? texts.flat : "");
  const message = (sizes, run, values) => {
    const { losses, ended } = run, rate = spec.constants.learning_rate;
    const trained = ended === 0 ? texts.trained.nothing : ended ? texts.trained.ended : texts.trained.went;
    return `${flat(sizes, values)} ${readable(fill(trained, { ended: ended ?? 0, rate, updates: losses.length - 1,
      first: losses[0], last: losses.at(-1), near: run.moved(1), far: run.moved(run.last) }, values.digits))}`.trim();
  };
  const words = (values, { weights, nets, spreads }) => {
    const listed = (row) => row.map((size) => format(size, values.digits)).join(", ");
    return withWords(texts.drawn, { ...values, scale: format(values.scale) }) + withWords(texts.sizes, {
      layers: layersText(values.depth), kind: values.activation, ways: hasWays(values) ? texts.sizesWays : "",
      weights: listed(weights), nets: listed(nets) }) +
      (spreads.length ? withWords(texts.spreads, { spreads: listed(spreads) }) : "");
  };

  const spelled = Object.fromEntries(spec.controls.activation.options.map(([label, value]) => [value, label]));
  /** What a network is called: as its button, if it has one, and what it has besides. */
  const nameOf = (values) => {
    const usual = Object.entries(spec.presets).filter(([, one]) => one.activation === values.activation && one.scheme === values.scheme);
    const named = (scale) => usual.find(([, one]) => one.scale === scale);
    const [name, { scale }] = named(values.scale) ?? named(1)
      ?? [withWords(texts.name, { ...values, activation: spelled[values.activation] }), { scale: 1 }];
    return name + (scale === values.scale ? "" : withWords(texts.nameScale, { scale: format(values.scale) })) +
      (hasWays(values) ? texts.nameWays : "");
  };
  const pin = () => {
    const kept = Object.fromEntries(spec.kept.map((name) => [name, app.values[name]])), text = JSON.stringify(kept);
    const others = app.values.pinned.filter((one) => JSON.stringify(one) !== text);
    app.move({ pinned: [...others, kept].slice(-spec.mostKept) });
  };
  const presets = Object.entries(spec.presets).map(([label, values]) => [app.button(label, null, () => app.move(values)), values]);
  return {
    parts,
    extra: {
      presets: element("span", { class: "bpkit-presets", role: "group", "aria-label": texts.presets }, texts.presets,
        ...presets.map(([button]) => button)),
      pins: element("span", { class: "bpkit-play" }, app.button(texts.pin, texts.pinTip, pin),
        app.button(texts.unpin, null, () => app.move({ pinned: [] }))),
      readout: table.node,
    },
    source(values) {
      const { kinds, ...shared } = spec.shared, [hidden, last] = [values.activation, values.output].map((name) => kinds[name]);
      const plain = withWords(shared.text, { ...values, ...shared, sizes: layersOf(values).join(", "),
        activations: [...Array(values.depth).fill(hidden), last].join(", "), scale: exactly(values.scale) });
      return !hasWays(values) ? plain : withWords(shared.past, { ...values, plain, before: inputs, outputs, hidden, last,
        more: values.depth - 1, loss: shared.loss });
    },
    frame(values) {
      const sizes = sizesOf(values), { weights, nets, spreads } = sizes, both = [weights, nets], { digits } = values;
      const shallow = { ...values, depth: 1 }, others = values.pinned.map((one) => ({ ...values, ...one }));
      const depths = others.length ? [values, ...others] : values.depth > 1 ? [values, shallow] : [values];
      const colors = depths.map((_, k) => (!k ? 0 : others.length ? k + 1 : SHALLOW_COLOR));
      const runs = depths.map(runOf), at = weights.map((_, k) => k + 1);
      for (const [button, chosen] of presets)
        set(button, { "aria-pressed": String(Object.entries(chosen).every(([name, value]) => values[name] === value)) });
      runs.forEach((run) => run.done || run.advance(ASIDE));
      clearTimeout(timer);
      if (runs.some(({ done }) => !done)) timer = setTimeout(() => app.frame());
      const drawable = (row) => row.map((size) => (size > 0 && Number.isFinite(size) ? Math.min(Math.max(size, floor), ceiling) : size));
      const kept = others.map((one, k) => ({ label: withWords(texts.keptDeltas, { name: nameOf(one) }), y: sizesOf(one).nets, color: colors[k + 1] }));
      parts.sizes.draw({
        series: [...both.map((row, color) => ({ label: texts.short[color], x: at, color, kind: "line+dots", y: drawable(row) })),
          ...kept.map((one) => ({ ...one, x: one.y.map((_, k) => k + 1), y: drawable(one.y), kind: "line", dash: true })),
          ...(spreads.length ? [{ label: texts.spread, x: spreads.map((_, k) => k + 1), color: SPREAD_COLOR, kind: "line",
            dash: false, y: drawable(spreads) }] : [])],
        xrange: [1, Math.max(at.length, ...kept.map(({ y }) => y.length))],
        yrange: decades([...both, spreads, ...kept.map(({ y }) => y)].flat(), LEAST_DECADES.sizes, bounds), digits,
      });
      // Beside kept curves a run that starts far above them leaves the frame: they are there to be compared.
      const firsts = runs.map(({ losses }) => losses[0] * CURVE_FAR_GROWTH || 0);
      const highest = others.length ? Math.min(...firsts.filter((one) => one > 0)) : Math.max(...firsts);
      parts.losses.draw({
        series: runs.map(({ losses, ended }, k) => ({ label: others.length ? nameOf(depths[k]) : layersText(depths[k].depth),
          y: losses, ended, color: colors[k] })),
        xrange: [0, spec.training.updates], digits,
        yrange: decades(runs.flatMap(({ losses }) => losses.filter((loss) => loss <= highest)), LEAST_DECADES.losses, bounds, 0),
      });
      table.draw({ rows: tabled(sizes) });
      return {
        message: message(sizes, runs[0], values), warning: !both.flat().every(Number.isFinite) || runs[0].ended !== null,
        words: () => `${words(values, sizes)} ${changes(sizes)}${flat(sizes, values)} ${parts.losses.said()}`,
      };
    },
  };
};

// ------------------------------------------------------------------------------------------------- softmax, as bars

const BAR = { label: 88, wide: [72, 72, 92, 190, 190], gap: 22, row: 36, head: 38 }; // pixels of the columns of bars; slopes have the most
const LOSS_HIGHEST = 4.5, LOSS_ROOM = 1.2; // of the losses that are drawn, and above the point of a larger one

/** Rows of bars, a row for each class: net, its power of e, its share, and the slopes of two losses. */
function shareBars({ outputs, classes, texts }) {
  const columns = ["net", "power", "share", "delta", "pull"], { label, wide, gap, row, head } = BAR;
  const at = (column) => wide.slice(0, column).reduce((sum, one) => sum + one + gap, label);
  const width = at(columns.length), height = head + outputs.length * row + 26;
  const top = (k) => head + k * row;
  const picture = drawn("svg", { class: "bpkit-bars", viewBox: `0 0 ${width} ${height}`, role: "img" });
  const text = (attributes) => picture.appendChild(drawn("text", attributes));
  columns.forEach((name, k) => text({ class: "bpkit-bars-head", x: at(k), y: head - 7, text: texts[name] }));
  text({ class: "bpkit-bars-head", x: at(3), y: head - 25, text: texts.slopes });
  picture.append(drawn("path", { class: "bpkit-bars-axis", fill: "none", d: `M${at(3)} ${head - 21}H${at(5) - gap}` }));
  const rows = outputs.map((name, k) => ({
    name: text({ class: "bpkit-bars-name", x: 0, y: top(k) + 15, text: classes[name] }),
    true: text({ class: "bpkit-bars-true", x: 0, y: top(k) + 28 }),
    bars: columns.map((column) => picture.appendChild(drawn("rect", { class: `bpkit-bar-of bpkit-bar-${column}`,
      style: `--run:var(--run-${k % 6})`, y: top(k) + 4, height: 14, rx: 2 }))),
    axes: columns.map((_, c) => picture.appendChild(drawn("path", { class: "bpkit-bars-axis",
      d: `M0 ${top(k)}v22` }))),
    numbers: columns.map(() => text({ class: "bpkit-bars-number", y: top(k) + 30 })),
  }));
  const whole = outputs.map((_, k) => picture.appendChild(drawn("rect", { class: "bpkit-bar-of",
    style: `--run:var(--run-${k % 6})`, y: top(outputs.length) + 2, height: 12 })));
  text({ class: "bpkit-bars-head", x: at(2) - 8, y: top(outputs.length) + 13, "text-anchor": "end", text: texts.whole });
  const list = (values, digits) => values.map((one) => readable(format(one, digits))).join(", ");
  return {
    node: element("div", { class: "bpkit-bars-box", style: `max-width:${width}px` }, picture),
    draw({ columns: values, true: chosen, digits }) {
      const most = values.map((column) => Math.max(1e-9, ...column.map(Math.abs)));
      const middle = values.map((column) => (column.some((one) => one < 0) ? 0.5 : 0));
      [most[2], middle[2]] = [1, 0];
      for (const slopes of [3, 4]) [most[slopes], middle[slopes]] = [1, 0.5]; // one scale, to be compared
      if (values[0].some((one) => one < 0)) middle[0] = 0.5;
      let left = at(2);
      rows.forEach((one, k) => {
        set(one.true, { text: k === chosen ? `★ ${texts.true}` : "" });
        values.forEach((column, c) => {
          const room = wide[c] * (1 - middle[c]), zero = at(c) + wide[c] * middle[c];
          const size = Math.min(1, Math.abs(column[k]) / most[c]) * room;
          set(one.bars[c], { x: toTenth(column[k] < 0 ? zero - size : zero), width: toTenth(Math.max(size, 0.5)),
            class: `bpkit-bar-of bpkit-bar-${columns[c]}${column[k] < 0 ? " is-negative" : ""}` });
          set(one.axes[c], { d: `M${zero} ${top(k) + 2}v17` });
          set(one.numbers[c], { x: middle[c] ? zero : at(c), "text-anchor": middle[c] ? "middle" : "start", text: readable(format(column[k], 3)) });
        });
        const size = wide[2] * values[2][k];
        set(whole[k], { x: toTenth(left), width: toTenth(size) });
        left += size;
      });
      set(picture, { "aria-label": columns.map((name, c) => `${texts[name]}: ${list(values[c], 3)}`).join("; ") });
    },
  };
}

VIEWS.classes = (app) => {
  const { spec } = app, { texts, outputs, targets } = spec, bars = shareBars(spec), [low, high, count] = spec.grid;
  const parts = { bars: part(bars), curve: part(curve(spec.parts.curve)) };
  const losses = (p) => called(app.program("losses").evaluate, spec.inputs.losses, { p });
  const grid = Float64Array.from({ length: count }, (_, k) => low + (high - low) * k / (count - 1));
  const curves = Array.from(grid, losses);
  const numbersAt = (values) => ({ ...givensOf(app, values),
    ...Object.fromEntries(targets.map((name, k) => [name, Number(outputs[k] === values.true)])) });
  return {
    parts,
    numbers: (values) => {
      const all = numbersAt(values);
      return Object.fromEntries([...spec.nets, ...targets].map((name) => [name, all[name]]));
    },
    frame(values) {
      const numbers = numbersOf(app, "all", numbersAt(values)), { digits } = values, chosen = outputs.indexOf(values.true);
      const powers = called(app.program("powers").evaluate, spec.inputs.powers, numbers);
      const p = numbers[`out_${values.true}`], here = losses(p);
      const columns = [...["net_", "power_", "out_", "dE_total/dnet_"].map((word) =>
        outputs.map((name) => ({ ...numbers, ...powers })[word + name])),
      outputs.map((name) => here.flat * numbers[`dout_${values.true}/dnet_${name}`])];
      parts.bars.draw({ columns, true: chosen, digits });
      parts.curve.draw({
        series: [["surprise", 3, false], ["square", 4, "7 4"]].map(([name, color, dash]) =>
          ({ label: texts[name], x: grid, y: curves.map((one) => one[name]), color, dash })),
        xrange: [0, 1], yrange: [0, Math.max(LOSS_HIGHEST, LOSS_ROOM * here.surprise)], digits: 3,
        points: [{ x: p, y: here.surprise, color: 3, label: fill(texts.here, { y: here.surprise }, 3) },
          { x: p, y: here.square, color: 4 }],
        tangent: { x: p, y: here.surprise, slope: here.steep },
      });
      const slopes = { delta: columns[3][chosen], pull: columns[4][chosen] };
      const said = Object.fromEntries(Object.entries({ ...here, ...slopes, p }).map(([name, one]) => [name, readable(format(one, 3))]));
      const list = (row) => row.map((one) => readable(format(one, digits))).join(", ");
      const message = withWords(texts.message, { ...said, output: values.true, name: spec.classes[values.true] });
      return {
        message,
        words: () => withWords(texts.words, { nets: list(columns[0]), powers: list(columns[1]), shares: list(columns[2]),
          deltas: list(columns[3]), pulls: list(columns[4]), sum: format(columns[1].reduce((sum, one) => sum + one, 0), digits) }),
      };
    },
  };
};

// ------------------------------------------------------------------------------------------------ matrices, as boxes

VIEWS.kept = (app) => {
  const { spec } = app, { texts } = spec, [width, left, top, rows, stairs] = [700, 64, 74, 240, 96], bottom = top + rows + 26;
  const formOf = ({ layers, activation }) => spec.forms[`${layers} ${activation}`];
  const countsOf = ({ lines, arrays }, points) => [0, ...lines].map((_, n) => points * arrays.reduce((sum, one) =>
    sum + (one.waits && one.made <= n && n <= one.last ? one.columns : 0), 0));
  const node = element("div", { class: "bpkit-kept" });
  const words = ({ points, ...form }) => {
    const found = formOf(form), counts = countsOf(found, points), most = Math.max(...counts);
    const names = [texts.start, ...found.lines], waits = found.arrays.filter((one) => one.waits);
    return withWords(texts.words, {
      waits: waits.map(({ name, columns, made, last }) =>
        withWords(texts.item, { name, rows: points, columns, made: names[made], last: names[last] })).join("; "),
      gone: found.arrays.filter((one) => !one.waits).map(({ name }) => name).join(", ") || texts.nothing,
      most: commas(most), place: names[counts.indexOf(most)], end: commas(counts.at(-1)),
    });
  };
  const draw = (values) => {
    const { lines, arrays, turn } = formOf(values), { points } = values, counts = countsOf({ lines, arrays }, points);
    const column = (width - left - 10) / (lines.length + 1), row = rows / arrays.length, most = Math.max(...counts);
    const x = (number) => left + column * (number + 0.5), height = (count) => stairs * count / Math.max(spec.full, most);
    const text = (at, y, said, more = {}) => drawn("text", { x: toTenth(at), y: toTenth(y + 4), "text-anchor": "middle", "font-size": 12,
      fill: "var(--ink)", text: said, ...more });
    const line = (x1, y1, x2, y2, stroke) => drawn("line", { x1: toTenth(x1), y1: toTenth(y1), x2: toTenth(x2), y2: toTenth(y2), stroke });
    const band = (from, to, said, fill) => [drawn("rect", { x: toTenth(x(from)), y: 4, width: toTenth(x(to) - x(from) - 4), height: 24, rx: 6,
      fill: "var(--raised)" }), text((x(from) + x(to)) / 2, 16, said, { fill, "font-weight": 700, "font-size": 13 })];
    const bar = ({ label, columns, made, uses, last, waits }, place) => {
      const y = top + row * (place + 0.5), color = waits ? "var(--positive)" : "var(--faint)";
      const gaps = uses.map((use, k) => [use - [made, ...uses][k], [made, ...uses][k]]), [room, before] = gaps.reduce((a, b) => (b[0] > a[0] ? b : a));
      const said = `${points} × ${columns}`;
      return [
        drawn("rect", { x: toTenth(x(made) - 7), y: toTenth(y - 9), width: toTenth(x(last) - x(made) + 14), height: 18, rx: 9,
          fill: waits ? "var(--low)" : "var(--raised)", stroke: color }),
        text(left - 12, y, label, { "text-anchor": "end", "font-size": 13, "font-weight": waits ? 700 : null }),
        ...uses.map((use) => drawn("circle", { cx: toTenth(x(use)), cy: toTenth(y), r: 4, fill: color })),
        waits && (room * column > 60 ? text(x(before + room / 2), y, said, { "font-size": 11 })
          : text(x(last) + 10, y, said, { "font-size": 11, "text-anchor": "start" })),
      ];
    };
    const step = (count, n) => {
      const high = bottom + stairs - height(count), start = x(n) - column / 2;
      return [drawn("rect", { x: toTenth(start), y: toTenth(high), width: toTenth(column + 0.3), height: toTenth(height(count)), fill: "var(--low)" }),
        line(start, high, start + column, high, "var(--positive)"),
        count && count !== counts[n - 1] ? text(x(n), high - 10, commas(count), { "font-size": 11 }) : null];
    };
    node.replaceChildren(drawn("svg", { viewBox: `0 0 ${width} ${bottom + stairs + 6}`, role: "img", "aria-label": words(values) }, ...[
      band(0.5, turn + 0.5, texts.forward, "var(--positive)"), band(turn + 0.5, lines.length + 0.5, texts.backward, "var(--negative)"),
      lines.map((said, k) => [line(x(k + 1), 48 + 14 * (k % 2), x(k + 1), top + rows, "var(--line)"),  // names in two rows: they are wide
        text(x(k + 1), 39 + 14 * (k % 2), said, { "font-size": 11.5 })]),
      arrays.map(bar), text(left - 12, bottom + stairs - 12, texts.waits, { "text-anchor": "end", "font-size": 11, fill: "var(--faint)" }), counts.map(step),
    ].flat(3).filter(Boolean)));
  };
  const parts = { kept: part({ node, draw, words }) };
  return {
    parts,
    source: (values) => formOf(values).source,
    frame(values) {
      parts.kept.draw(values);
      const most = Math.max(...countsOf(formOf(values), values.points));
      return { message: withWords(texts.note, { most: commas(most) }), words: () => words(values) };
    },
  };
};

VIEWS.shapes = (app) => {
  const { spec } = app, { texts, side: [least, each] } = spec;
  const layers = Object.keys(spec.controls).filter((name) => /^l\d+$/.test(name));
  const colored = (letter) => (letter === "n" ? "--side:var(--run-0)" : letter === "1" ? "--side:var(--faint)"
    : `--side:var(--run-${1 + Number(letter.slice(1)) % 5})`);
  const boxes = [];
  const boxOf = ({ html, shape: [rows, columns] }) => {
    const name = element("span", { class: "bpkit-box-name" });
    name.innerHTML = html;  // HTML of the kit's own
    const area = element("span", { class: "bpkit-box-area" });
    const counts = [rows, columns].map((letter) => element("b", { style: colored(letter) }));
    boxes.push({ area, counts, shape: [rows, columns] });
    return element("span", { class: "bpkit-box" }, name, area, element("span", { class: "bpkit-box-shape" }, counts[0], " × ", counts[1]));
  };
  const pieceOf = (one) => (typeof one === "string" ? element("span", { class: "bpkit-box-sign", text: one }) : boxOf(one));
  // A long line breaks before a plus, or after "sums of": what is between stays together where it has the room.
  const termsOf = (side) => side.flatMap((one) => (typeof one === "string" ? one.split(/(?<=\))(?= \+ )|(?<=sums of )/) : [one]))
    .reduce((terms, one, k, all) => {
      const begins = !k || (typeof one === "string" && one.startsWith(" + ")) || (typeof all[k - 1] === "string" && all[k - 1].endsWith("sums of "));
      return begins ? [...terms, [one]] : [...terms.slice(0, -1), [...terms.at(-1), one]];
    }, []);
  const termOf = (pieces) => element("span", { class: "bpkit-box-term" }, ...pieces.map(pieceOf));
  const rowOf = ({ number, reason, sides: [left, right] }) => {
    const [first, ...others] = termsOf(right);
    return element("div", { class: "bpkit-boxes-row", title: reason }, element("span", { class: "bpkit-box-number", text: `(${number})` }),
      termOf([...left, "=", ...first]), ...others.map(termOf));
  };
  const column = (title, lines) => element("div", {}, element("b", { text: title }), ...lines.map(rowOf));
  const node = element("div", { class: "bpkit-boxes" }, column(texts.forward, spec.lines.filter(({ back }) => !back)),
    column(texts.back, spec.lines.filter(({ back }) => back)));
  reachableWhereItScrolls(node);
  const sizesOf = (values) => layers.map((name) => values[name]);
  const words = (values) => {
    const said = (one) => (typeof one === "string" ? one
      : `${one.said} (${one.shape.map((letter) => (letter === "1" ? 1 : values[letter])).join(" × ")})`);
    return `${spec.lines.map(({ number, sides }) =>
      `(${number}) ${sides.map((row) => row.map(said).join("")).join(" = ")}`).join("; ")}.`;
  };
  return {
    parts: { boxes: part({ node, draw() {}, words: ({ values }) => words(values) }) },
    source: (values) => withWords(spec.shared, { sizes: sizesOf(values).join(", ") }),
    frame(values) {
      const count = (letter) => (letter === "1" ? 1 : values[letter]);
      const long = (letter) => `${toTenth(least + each * Math.log2(count(letter)))}px`;
      for (const { area, counts, shape } of boxes) {
        set(area, { style: `height:${long(shape[0])};width:${long(shape[1])};` +
          `border-color:${colored(shape[1]).slice(7)} ${colored(shape[0]).slice(7)}` });
        counts.forEach((one, k) => set(one, { text: count(shape[k]) }));
      }
      const sizes = sizesOf(values), { n } = values;
      const weights = sizes.slice(1).reduce((sum, size, k) => sum + size * sizes[k], 0);
      const biases = { neuron: sizes.slice(1).reduce((sum, size) => sum + size, 0), layer: sizes.length - 1, none: 0 }[spec.bias];
      return {
        message: withWords(texts.note, { parameters: commas(weights + biases), hold: n === 1 ? texts.one : withWords(texts.many, { n }),
          nets: `${n} × ${sizes[1]} = ${commas(n * sizes[1])}` }),
        words: () => words(values),
      };
    },
  };
};

// ------------------------------------------------------------------------------- other sizes, activations and losses

const lowDigits = (count) => [...String(count)].map((digit) => "₀₁₂₃₄₅₆₇₈₉"[digit]).join("");
const VARIETY = { wide: 620, high: 104, radius: 12 }; // pixels of the picture

/** The network as circles with the curve of their activation, one weight and its ways to the loss lit. */
function varietyPicture({ inputs, glyphs, texts }) {
  const { wide, high, radius } = VARIETY;
  const ways = drawn("g"), lit = drawn("g"), circles = drawn("g"), curves = drawn("g"), names = drawn("g");
  const picture = drawn("svg", { class: "bpkit-variety", viewBox: `0 0 ${wide} ${high + 18}`, role: "img" },
    ways, lit, circles, curves, names);
  const put = { ways: keptNodes(ways, "path"), lit: keptNodes(lit, "path", { class: "is-lit" }),
    circles: keptNodes(circles, "circle", { r: radius }), curves: keptNodes(curves, "path"), names: keptNodes(names, "text") };
  const glyph = (heights, { x, y }) => heights.map((one, k) =>
    `${k ? "L" : "M"}${toTenth(x - 8 + 16 * k / (heights.length - 1))} ${toTenth(y + 6 - 12 * one)}`).join("");
  return {
    node: element("div", { style: `max-width:${wide}px` }, picture),
    draw({ hidden, outputs, activation, pair, label }) {
      const [output] = pair.split(" "), columns = [inputs, hidden, outputs].map((count, layer) =>
        Array.from({ length: count }, (_, k) => ({ x: 70 + 220 * layer, y: high * (k + 0.5) / count })));
      const between = (from, to) => from.flatMap((a) => to.map((b) => ({ d: `M${a.x + radius} ${a.y}L${b.x - radius} ${b.y}` })));
      const [first, second, third] = columns, loss = { x: 580, y: high / 2 };
      const toLoss = third.map((one) => ({ x: one.x, y: one.y }));
      put.ways([...between(first, second), ...between(second, third), ...between(toLoss, [loss])]);
      put.lit([...between([first[0]], [second[0]]), ...between([second[0]], third), ...between(toLoss, [loss])]);
      put.circles([...columns.flat(), loss].map(({ x, y }) => ({ cx: x, cy: y })));
      const shares = output === "softmax";
      put.curves([...second.map((one) => ({ d: glyph(glyphs[activation], one) })),
        ...(shares ? [] : third.map((one) => ({ d: glyph(glyphs[output], one) })))]);
      put.names([
        ...first.map(({ x, y }, k) => ({ x, y: y + 4, text: `x${lowDigits(k + 1)}` })), { x: loss.x, y: loss.y + 4, text: "E" },
        ...(shares ? third.map(({ x, y }) => ({ x, y: y + 4, text: "%" })) : []),
        { x: 180, y: (first[0].y + second[0].y) / 2 - 6, text: `w${lowDigits(1)}`, class: "is-lit" },
        ...[texts.inputs, texts.layer, texts.out].map((text, k) => ({ x: 70 + 220 * k, y: high + 14, text })),
      ]);
      set(picture, { "aria-label": label });
    },
  };
}

VIEWS.variety = (app) => {
  const { spec } = app, { texts, kinds, rows } = spec;
  const cells = kinds.map(([words]) => {
    const [before, now] = [0, 1].map(() => element("td"));
    const mark = element("td", { class: "bpkit-variety-mark" });
    return { before, now, mark, row: element("tr", {}, element("th", { scope: "row", text: words }), before, now, mark) };
  });
  const table = element("table", {}, element("thead", {}, element("tr", {}, ...texts.head.map((text) =>
    element("th", { scope: "col", text })), element("th", { scope: "col", "aria-label": "changed" }))),
    element("tbody", {}, ...cells.map(({ row }) => row)));
  const box = element("div", { class: "bpkit-variety-box" }, table);
  reachableWhereItScrolls(box);
  const drawing = varietyPicture(spec);
  const parts = { picture: part(drawing), table: part({ node: box, draw() {} }) };
  const lineOf = (place, values) => rows[place][kinds[place][1].map((name) => values[name]).join(" ")];
  const written = ({ head, symbols }) => `${head} = ${symbols}`;
  const fitting = (values) => values.outputs > 1 || !values.pair.startsWith("softmax");
  const put = (node, html) => { if (node.kept !== html) node.innerHTML = node.kept = html; };  // HTML of the kit's own
  return {
    parts,
    settle: (next) => (fitting(next) ? next : { ...next, outputs: 2 }),
    source: ({ hidden, outputs, activation, pair }) => {
      const [output, loss] = pair.split(" ");
      return withWords(spec.shared.replace("!r", ""), { sizes: [spec.inputs, hidden, outputs].join(", "),
        kinds: `${spec.spelled[activation]}, '${output}'`, loss: `'${loss}'` });
    },
    frame(values) {
      let changed = 0;
      const said = cells.map(({ before, now, mark, row }, place) => {
        const old = lineOf(place, app.beginning), line = lineOf(place, values), other = old.form !== line.form;
        const cause = texts[kinds[place][1].find((name) => values[name] !== app.beginning[name])];
        put(before, written(old));
        put(now, written(line));
        set(mark, { text: other ? cause : "" });
        set(row, { class: other ? "is-changed" : null });
        changed += other;
        return `${kinds[place][0]}: ${line.form} (${other ? cause : texts.same})`;
      });
      const { hidden, outputs, pair } = values, count = (one) => spec.counts[`${one.hidden} ${one.outputs} ${one.pair}`];
      drawing.draw({ ...values, label: `${spec.inputs}-${hidden}-${outputs}, ${values.activation}, ${pair}` });
      const paths = outputs === 1 ? texts.path : withWords(texts.paths, { count: outputs });
      const long = { lines: count(values), before: count(app.beginning) };
      const counted = withWords(long.lines === long.before ? texts.still : texts.fewer, long);
      return {
        message: withWords(changed ? texts.note : texts.none, { changed, all: kinds.length, same: kinds.length - changed, counted, paths }) +
          (outputs === 2 && pair.startsWith("softmax") ? texts.softmax : ""),
        words: () => `${spec.inputs}-${hidden}-${outputs}. ${said.join("; ")}.`,
      };
    },
  };
};

// ------------------------------------------------------------------------------------------------ the course's pages

// What is asked stands in the page as HTML; here it begins to answer. Each form carries what Python said beforehand of
// the right number and of those of known mistakes, so no word of a verdict is written here.

const HAIR = 1 + 1e-9; // a typed 0.08515 is half a unit from 0.0851 in decimals, and a hair more in floats
const FEW_DIGITS = 3; // of a number that was put into a formula
const SURE_DIGITS = 5; // from here on a mistake that matches every digit goes before rounding on paper
const PAGE_ROUNDING = 1e-5; // of a number: what six digits leave open
const SIGNS = { correct: "✓", carried: "≈", rounded: "✓", few_digits: "≈", misconception: "✗", unknown: "✗", other: "→", follows: "→" };
const RIGHT = ["correct", "rounded"], NOT_YET = ["blank", "unreadable"], WRONG = ["misconception", "unknown"];
const EXAMPLE = "0.0851 or 1/3";
const PROGRESS = "bpkit.progress", THEME = "bpkit.theme";

/** Half a unit in the last of so many significant digits: 0.00005 for 0.0851 to three. */
export function halfUnit(value, digits) {
  if (!value || !Number.isFinite(value)) return 0.5 * 10 ** -digits;
  return 0.5 * 10 ** (Math.floor(Math.log10(Math.abs(value)) + 1e-12) - digits + 1);
}

/** Does the exact number, rounded to the digits typed, give this one? */
export function rounds({ value, unit }, exact) {
  if (!value && exact && unit > 0.01) return false; // a bare 0 says nothing of small numbers
  return Math.abs(exact - value) <= 0.5 * unit * HAIR + 1e-11 * Math.abs(value);
}

/** Does the exact number, cut off after the digits typed, give this one? */
export function cuts({ value, unit }, exact) {
  const past = Math.abs(exact) - Math.abs(value);
  return exact * value > 0 && past >= -1e-11 * Math.abs(value) && past < unit;
}

/**
 * What is said of an answer.
 * @param {Object} box what Python knows of the answers: see bpkit/page/boxes.py and
 * bpkit/exercises/questions/answer_boxes.py
 * @returns {{verdict: string, message: string, figures?: number}}
 */
export function judge(box, typed) {
  if (!typed.trim()) return { verdict: "blank", message: box.blank };
  const found = JUDGES[box.kind](box, typed.trim());
  const read = ["number", "open", "whole"].includes(box.kind) && !NOT_YET.includes(found.verdict) ? taken(typed) : "";
  return read ? { ...found, message: `${found.message} ${read}` } : found;
}

/** What was read of what was typed, where that is another way to write it: a formula, a fraction, a comma. */
export function taken(typed) {
  const figure = read(typed);
  if (figure.error || /^[+\-−]?(?:\d+\.?\d*|\.\d+)(?:[eE][+\-−]?\d+)?$/.test(typed.trim())) return "";
  return `I read it as ${readable(format(figure.value))}.`;
}

const JUDGES = {
  number: judgeNumber, open: judgeOpen, whole: judgeWhole, choice: judgeChoice, formula: judgeFormula,
  word: (box, typed) => judgeWritten(box, typed, asWord(typed)),
  shape: (box, typed) => judgeWritten(box, typed, (typed.slice(0, 60).match(/\d+/g) ?? []).map(Number).join(",")),
  paths: judgePaths,
  order: judgeOrder,
};

/** A verdict, with the holes of its message filled. */
function said([verdict, message, line], typed, more = {}) {
  const { figures, ...holes } = { typed: shownTyped(typed), raw: typed, ...more };
  return { verdict, message: message.replace(/\{(\w+)\}/g, (hole, name) => holes[name] ?? hole), figures, line };
}

/** A number as sentences have it; what was typed as a formula or with a name before it as its value. */
function shownTyped(typed) {
  const figure = read(typed);
  const plain = figure.error || /^[\d.,eE+\-−/]*$/.test(typed) ? typed : format(figure.value);
  return readable(plain);
}

/** A figure as answers are judged: a fraction or a formula is exact, and has all its digits. */
function asJudged(figure) {
  if (!figure.exact) return figure;
  const { value } = figure, short = Number(rounded(value, 3)) === value;
  return { ...figure, figures: MOST_FIGURES, unit: Math.abs(value) * 1e-12 || 1e-12, short };
}

function judgeNumber(box, typed) {
  const figure = asJudged(read(typed, EXAMPLE)), off = Math.abs(figure.value - box.exact), { figures } = figure;
  if (figure.error) return { verdict: "unreadable", message: figure.error };
  if (off <= halfUnit(box.exact, box.digits) * HAIR) return said(box.correct, typed, { figures });
  if (box.old && rounds(figure, box.old[0]) && !rounds(figure, box.exact)) return said(box.old[1], typed);
  const cut = cuts(figure, box.exact), fits = rounds(figure, box.exact);
  const few = (which) => said(box.few[which], typed);
  if (figures < box.digits && fits) return few(figures < 2 ? 2 : Number(box.digits - figures > 1));
  if (off <= box.slack) return said(box.rounded, typed, { figures });
  const away = (wrong) => Math.abs(figure.value - wrong);
  const share = box.slack / Math.abs(box.exact - box.base) || 0;
  const enough = ([, [verdict]]) => (figures >= box.digits && !figure.short) || verdict !== "unknown";
  const met = box.known.find((one) => enough(one) && away(one[0]) <= 1e-11 * Math.abs(one[0]));
  if (cut && figures >= box.digits)
    return said(box.cut, typed, { rounded: readable(box.exact.toFixed(decimalsOf(figure))), figures });
  if (cut && met?.[1][0] !== "misconception") return few(2);  // which may be all that a mistake gives
  const known = met ?? box.known.find((one) => enough(one) && away(one[0]) <= halfUnit(one[0], box.digits) * HAIR)
    ?? (figures >= box.digits && box.known.find(([wrong]) => away(wrong) <= share * Math.abs(wrong - box.base)));
  return said(known ? known[1] : unexplained(box, figure), typed, { times: asFactor(figure.value / box.exact) });
}

function judgeOpen(box, typed, figure = asJudged(read(typed, EXAMPLE))) {
  const { figures } = figure, off = Math.abs(figure.value - box.exact);
  if (figure.error) return { verdict: "unreadable", message: figure.error };
  const spelled = (each) => each[Math.min(figures, each.length) - 1];
  if (off <= 1e-12 * Math.abs(box.exact)) return said(box.right.at(-1), typed, { figures });
  if (rounds(figure, box.exact)) return said(spelled(box.right), typed, { figures });
  if (cuts(figure, box.exact)) {
    return said(spelled(box.cut), typed, { figures, rounded: readable(box.exact.toFixed(decimalsOf(figure))) });
  }
  const told = (each) => each[Math.min(figures - box.least, each.length - 1)];
  const named = ([, each]) => each.at(-1) && !(each.at(-1)[0] === "unknown" && (figure.short || figures < each.length));
  const met = box.known.find((one) => named(one) && Math.abs(figure.value - one[0]) <= 1e-11 * Math.abs(one[0]));
  if (met) return said(met[1].at(-1), typed);
  const says = (each) => told(each) && !(figure.short && told(each)[0] === "unknown");
  const known = box.known.find(([wrong, each]) => says(each) && rounds(figure, wrong));
  if (known && figures >= SURE_DIGITS) return said(told(known[1]), typed);
  if (off - 0.5 * figure.unit <= box.loose) return said(off <= halfUnit(box.exact, box.near) * HAIR ? box.enough : box.rounded, typed, { figures });
  const near = known ?? (figures >= 6 && box.known.find(([wrong, each]) =>
    says(each) && Math.abs(figure.value - wrong) <= PAGE_ROUNDING * Math.abs(wrong)));
  const loose = !near && figure.exact && putIn(typed, figure, box.given);
  const right = loose && loose.figures >= FEW_DIGITS && rounds(loose, box.exact);
  const again = right ? said(box.rounded, typed) : loose && judgeOpen(box, typed, loose);
  if (right || again?.verdict === "misconception") return again;
  return said(near ? told(near[1]) : unexplained(box, figure), typed, { times: asFactor(figure.value / box.exact) });
}

/** A formula as exact as the numbers in it, of which the given and the whole ones are not rounded; or null. */
function putIn(typed, figure, given) {
  const text = inPlainSigns(typed);
  let off = 0, fewest = MOST_FIGURES;
  for (const { 0: part, index } of text.matchAll(/(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?/gi)) {
    const { value, unit, figures } = read(String(Number(part)));
    if (Number.isInteger(value) || given.includes(value)) continue;
    // cut off, or rounded and half as far off
    off += Math.abs(formulaValue(`${text.slice(0, index)}(${value + unit})${text.slice(index + part.length)}`) - figure.value);
    fewest = Math.min(fewest, figures);
  }
  return off > 1e-11 * Math.abs(figure.value) ? { ...figure, unit: 2 * off, figures: fewest, exact: false } : null;
}

/** What is said of a number that nothing explains: by its sign and its size beside the right one. */
function unexplained({ unknown, first = {}, exact, digits }, { value, figures }) {
  const size = Math.abs(value / exact), sign = value * exact < 0 ? "sign" : "";
  const far = value === 0 ? "" : size >= 3 ? "large" : size <= 1 / 3 ? "small" : "";
  const name = digits && figures < digits ? "few" : [sign, far].filter(Boolean).join("_") || "near";
  return ["unknown", unknown[name] ?? unknown.near, first[name] ?? first.near];
}

/** A factor in words: 40, or 10³. */
function asFactor(factor) {
  const size = Math.abs(factor) > 1 ? Math.abs(factor) : 1 / Math.abs(factor);
  if (size < 1000) return String(Number(size.toPrecision(2)));
  const power = Math.abs(Math.round(Math.log10(Math.abs(factor))));
  return `10${[...String(power)].map((digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit]).join("")}`;
}

function judgeWhole(box, typed) {
  const figure = read(typed, EXAMPLE);
  if (figure.error) return { verdict: "unreadable", message: figure.error };
  const known = box.said.find(([value]) => value === figure.value)?.[1];
  const other = box.fraction && !Number.isInteger(figure.value) ? box.fraction : box.other;
  return said(known ?? other, typed, { typed });
}

function judgeChoice(box, typed) {
  return said(box.said[typed], typed, { typed });
}

function judgeWritten(box, typed, key) {
  return said((key || !box.unreadable) ? box.said[key] ?? box.other : box.unreadable, typed, { typed });
}

/** Letters in an order: a wrong one is taken for the first known mistake all of whose exchanges it has. */
function judgeOrder(box, typed) {
  const letters = (text) => text.slice(0, 200).toUpperCase().match(/[A-Z]/g) ?? [];
  const order = letters(typed), right = [...box.right];
  if ([...order].sort().join() !== [...right].sort().join()) return said(box.unreadable, typed, { typed });
  if (order.join() === right.join()) return said(box.correct, typed, { typed });
  const before = (list, one, other) => list.indexOf(one) < list.indexOf(other);
  const has = (mistake) => right.every((one, place) => right.slice(place + 1).every((other) =>
    before([...mistake], one, other) || before(order, other, one)));
  return said(box.known.find(([mistake]) => has(mistake))?.[1] ?? box.other, typed, { typed });
}

function asWord(typed) {
  const plain = (sign) => ({ "−": "-", "∂": "d" })[sign] ?? String("₀₁₂₃₄₅₆₇₈₉".indexOf(sign));
  const word = typed.replace(/^[ \t\n.!'"]+|[ \t\n.!'"]+$/g, "").toLowerCase().replace(/[−∂₀-₉]/g, plain);
  return { "+": "positive", plus: "positive", "-": "negative", minus: "negative" }[word] ?? word;
}

/** Paths as neurons in their order; arrows, nets, weights and other words between them are passed over. */
function asPaths(typed, neurons) {
  const paths = typed.split(/[,;\n]/).map((path) => (path.match(/\w+/g) ?? []).filter((word) => neurons.has(word)).join(" "));
  return [...new Set(paths)].filter(Boolean).sort().join("|");
}

function judgePaths(box, typed) {
  const key = asPaths(typed, new Set(box.neurons)), paths = key.split("|").filter(Boolean);
  const right = paths.filter((path) => box.right.includes(path)).length;
  return said(box.said[key] ?? ["unknown", box.counts[right][Number(right < paths.length)], null], typed, { typed });
}

/** A formula by its numbers at several settings, whatever its form: each name is replaced by its number, and read. */
function judgeFormula(box, typed) {
  const names = Object.keys(box.settings[0]), plain = typed.replaceAll("η", "learning_rate");
  const strange = (plain.replace(/^[\w/∂ ]{1,40}=(?!=)/, "").match(/[a-z_]\w*/gi) ?? [])
    .find((word) => !names.includes(word) && !TYPED_FUNCTIONS.has(word) && !/^(np|numpy|math|e\d*)$/.test(word));
  if (strange) return said(box.nameless, strange, { typed: strange });
  const put = (setting) => read(plain.replace(/[a-z_]\w*/gi, (word) => (word in setting ? `(${exactly(setting[word])})` : word)));
  const figures = box.settings.map(put);
  if (figures.some(({ error }) => error)) return said(box.unreadable, typed, { typed });
  const same = (others) => figures.every(({ value }, place) =>
    Math.abs(value - others[place]) <= Math.max(1e-9 * Math.max(Math.abs(value), Math.abs(others[place])), 1e-12));
  if (same(box.right)) return said(box.correct, typed);
  return said(box.known.find(([values]) => same(values))?.[1] ?? box.other, typed);
}

function decimalsOf({ unit }) {
  return Math.max(0, -Math.round(Math.log10(unit)));
}

/** How far a predicted number is off, in Python's sentences. */
export function compared(spec, { value }) {
  const { answer, says } = spec, right = format(value) === format(answer);
  const named = spec.named.find(([number]) => number === value);
  if (named) return { right: false, message: named[1] };
  const holes = { said: readable(format(value)), true: spec.true };
  const sentence = (name) => says[name].replace(/\{(\w+)\}/g, (hole, key) => holes[key]);
  const typed = read(exactly(value));
  const agrees = right || (!Number.isInteger(answer)
    && Math.abs(value - answer) <= halfUnit(answer, Math.max(2, typed.figures)) * HAIR);
  if (agrees) return { right: true, message: sentence(right ? "right" : "rounded") + spec.because };
  holes.off = readable(format(Math.abs(Number(format(value)) - Number(format(answer))), 4));
  const way = value > answer ? "high" : "low";
  const name = () => {
    if (value * answer < 0) return `across_${way}`;
    if (value * answer === 0) return `zero_${way}`;
    const factor = Math.max(value / answer, answer / value);
    holes.share = readable(format(100 * Math.abs(value / answer - 1), 2));
    holes.times = format(Number(format(factor, 2)));
    if (factor < 2) return `${factor <= 1.1 ? "close" : "near"}_${way}`;
    return `${way}_${Math.abs(value) > Math.abs(answer) ? "large" : "small"}`;
  };
  return { right: false, message: sentence(name()) + spec.because };
}

/** Bring a page of the course to life: its switch, and what is done of its questions. */
export function openSite() {
  chooseTheme(document.getElementById("theme"));
  const { lesson } = document.body.dataset;
  document.addEventListener("bpkit-done", ({ target }) => {
    const asked = target.closest("[data-asks]");
    if (asked) remember(lesson, asked.dataset.asks);
  });
  showProgress();
}

/** Data in which a sentence that stands there often has a number. */
export function unpacked(text) {
  const { words, data } = JSON.parse(text);
  const whole = (one) => {
    if (typeof one === "string") return /^§\d+$/.test(one) ? words[one.slice(1)] : one;
    if (Array.isArray(one)) return one.map(whole);
    return one && typeof one === "object" ? Object.fromEntries(Object.entries(one).map(([key, each]) => [key, whole(each)])) : one;
  };
  return whole(data);
}

/** What this browser keeps; a page opened from a disk may be refused that, and goes on without. */
function kept(name) {
  try {
    return localStorage.getItem(name);
  } catch (refused) {
    return null;
  }
}

function keep(name, value) {
  try {
    if (value === null) localStorage.removeItem(name);
    else localStorage.setItem(name, value);
  } catch (refused) { /* then it is forgotten */ }
}

/** Which questions of which lesson are done. @returns {Object<string, string[]>} */
function progress() {
  try {
    return JSON.parse(kept(PROGRESS)) ?? {};
  } catch (broken) {
    return {};
  }
}

function remember(lesson, name) {
  const all = progress(), done = new Set(all[lesson] ?? []);
  if (done.has(name)) return;
  keep(PROGRESS, JSON.stringify({ ...all, [lesson]: [...done, name] }));
  showProgress();
}

/** How much of each lesson is done: on the map, or beside a lesson. */
function showProgress() {
  const all = progress(), { lesson } = document.body.dataset;
  let whole = 0, most = 0;
  for (const node of document.querySelectorAll("[data-progress]")) {
    const row = node.closest("[data-total]"), total = Number(row.dataset.total);
    const done = Math.min(total, (all[row.dataset.lesson ?? lesson] ?? []).length);
    if (row.dataset.lesson) [whole, most] = [whole + done, most + total];
    const bar = element("span", { class: "bar", "aria-hidden": "true" }, element("span", { style: `width:${100 * done / (total || 1)}%` }));
    node.replaceChildren(...(done || !row.dataset.lesson ? [bar, `${done} of ${total} done`] : []));
  }
  const sum = document.querySelector("[data-whole]"), forget = document.querySelector("[data-forget]");
  if (sum) set(sum, { text: whole ? `You have done ${whole} of ${most} questions.` : "What you have done is kept in this browser and shown here." });
  if (!forget) return;
  forget.hidden = !whole;
  forget.onclick = () => {
    keep(PROGRESS, null);
    showProgress();
  };
}

/** Light, dark, or as the system has it. */
function chooseTheme(choice) {
  choice.value = kept(THEME) ?? "";
  choice.addEventListener("change", () => {
    if (choice.value) document.documentElement.dataset.theme = choice.value;
    else delete document.documentElement.dataset.theme;
    keep(THEME, choice.value || null);
  });
}

// ---------------------------------------------------------------------------------------------------------- questions

const PATIENCE = 1500, LOST = 12_000; // ms that an answer of the kernel may take before the page says that it waits

/** A place for a verdict: its sign and sentence; fainter while the number on the page is no longer the one it is of. */
function verdictPlace() {
  const node = element("p", { class: "bpkit-verdict", role: "status" });
  return {
    node,
    say({ verdict, message }) {
      const sign = SIGNS[verdict];
      set(node, { "data-verdict": sign ? verdict : null, "aria-busy": null, text: sign ? `${sign} ${message}` : message });
    },
    wait() { set(node, { "aria-busy": "true" }); },
  };
}

/**
 * What the kernel says of the values shown. Until it has spoken of them there is nothing, and `late` is called with a
 * word: soon that it was asked, and at last that it may be gone.
 */
function kernelSays(app, late) {
  let timers = [], asked = "";
  const clear = () => { timers.forEach(clearTimeout); timers = []; };
  return () => {
    const { told } = app.link, now = JSON.stringify(app.values);
    if (told.note) { clear(); return { verdict: "", message: told.note }; }
    if (told.values && Object.entries(told.values).every(([name, value]) =>
      JSON.stringify(value) === JSON.stringify(app.values[name]))) {
      clear();
      asked = "";
      return told;
    }
    if (asked !== now) {
      clear();
      asked = now;
      timers = [[PATIENCE, "waiting"], [LOST, "gone"]].map(([after, word]) => setTimeout(() => late(app.spec.texts[word]), after));
    }
    return null;
  };
}

VIEWS.predict = (app) => {
  const { spec } = app, { texts } = spec, place = verdictPlace(), guess = app.control.guess.node;
  let pressed = false;
  const isNumber = spec.controls.guess.kind === "text";
  const ready = ({ guess: value }) => (isNumber ? !read(value).error && value.trim() !== "" : value !== null);
  const commit = app.button(texts.commit, texts.tip, () => {
    pressed = true;
    if (app.values.final !== null || !ready(app.values)) app.soon();
    else app.move({ final: app.values.guess });
  });
  const enter = (event) => {
    if (event.key !== "Enter" || !isNumber) return;
    event.preventDefault();  // or the key would press the button that it leads to, and the answer would be final
    if (ready(app.values)) commit.focus();
    else commit.click();
  };
  set(guess, { on: { keydown: enter } });
  const judged = app.link ? kernelSays(app, (message) => place.say({ verdict: "", message }))
    : () => {
      if (isNumber) {
        const { right, message } = compared(spec, read(app.values.final));
        return { verdict: right ? "correct" : "other", message };
      }
      const [right, message] = spec.said[app.values.final];
      return { verdict: right ? "correct" : "other", message };
    };
  const before = (values) => {
    if (ready(values)) return texts.ready;
    if (!pressed) return texts.empty;
    return (isNumber && values.guess.trim() && read(values.guess, EXAMPLE).error) || texts.pressed;
  };
  return {
    silent: true,
    extra: { asked: element("p", { class: "bpkit-asked", text: spec.asked }), commit, verdict: place.node },
    settle: (next, old) => {
      if (next.guess !== old.guess) pressed = false;
      return old.final === null ? next : old;
    },
    frame(values) {
      const final = values.final !== null;
      for (const control of guess.querySelectorAll("input")) set(control, { disabled: final });
      set(commit, { disabled: final });
      if (!final) { place.say({ verdict: "", message: before(values) }); return {}; }
      const found = judged();
      if (found) { place.say(found); app.done(); } else place.wait();
      return {};
    },
  };
};

/** Text or a picture that the kernel wrote as HTML. */
function prose(html, more = "") {
  const node = element("div", { class: `bpkit-prose ${more}` });
  node.innerHTML = html;
  return node;
}

VIEWS.ask = (app) => {
  const { spec } = app, { texts } = spec, place = verdictPlace();
  const behind = element("div", { class: "bpkit-behind", tabindex: "0", role: "group", "aria-label": "The line" });
  const long = () => (app.values.updates > texts.many && app.values.number.trim() !== ""
    ? withWords(texts.computing, { updates: app.values.updates }) : "");
  const judged = app.link ? kernelSays(app, (message) => place.say({ verdict: "", message: (message === texts.waiting && long()) || message }))
    : () => {
      const found = judge(spec.box, app.values.number), settled = RIGHT.includes(found.verdict) && found.figures >= 3;
      return { ...found, line: app.values.line || settled ? spec.lines[app.values.digits] : "" };
    };
  return {
    silent: true,
    extra: { verdict: place.node, behind, check: app.button(texts.check, texts.tip, () => app.soon()),
      picture: spec.picture ? prose(spec.picture, "bpkit-card-picture") : null },
    frame() {
      const found = judged();
      if (!found) {
        if (long()) place.say({ verdict: "", message: long() });
        else place.wait();
        return {};
      }
      place.say(found);
      if (behind.source !== found.line) {  // written once: what is selected in it stays
        behind.source = found.line;
        behind.innerHTML = found.line ?? "";
      }
      set(behind, { hidden: !found.line });
      if (RIGHT.includes(found.verdict)) app.done();
      return {};
    },
  };
};
VIEWS.detective = (app) => {
  const { figures, texts } = app.spec, view = VIEWS.ask(app);
  const figure = () => figures[app.values.quantity + (app.values.updates ? ` after ${app.values.updates}` : "")];
  const number = app.button(texts.number, texts.numberTip, () => app.move({ number: figure()[0] }));
  const from = app.button(texts.from, texts.fromTip, () => app.move({ given: figure()[1] }));
  const why = element("small", { role: "status" });  // a button cannot be pressed
  const picture = prose("", "bpkit-card-picture");
  return {
    ...view,
    extra: { ...view.extra, picture, printed: element("span", {}, number, " ", from, " ", why) },
    frame() {
      set(why, { text: figure() ? figure()[2] : texts.unprinted });
      set(number, { disabled: !figure() });
      set(from, { disabled: !figure()?.[1] });
      const { place = "" } = app.link?.told ?? {};
      if (picture.source !== place) picture.innerHTML = picture.source = place;
      return { ...view.frame(), words: () => picture.querySelector("[aria-label]")?.getAttribute("aria-label") ?? "" };
    },
    expression: () => app.link?.told.share ?? "",
    /** Another quantity is another question: a number that was typed for the one before says nothing about it. */
    settle: (next, before) => (next.quantity !== before.quantity && next.number === before.number
      ? { ...next, number: "", given: "" } : next),
  };
};

/**
 * A field for an answer: a box, or a list of which one is chosen. What is typed is entered when the box is left; a
 * choice waits for the button or for Enter in a box, which check everything: it would otherwise be told right or wrong
 * while a learner still tries it. ``chosen`` hears of a choice.
 */
function answerField({ label, hint, options, listed }, texts, { check, enter, chosen }) {
  if (!options.length) {
    const box = element("input", { type: "text", "aria-label": label, placeholder: hint, autocomplete: "off", spellcheck: "false",
      on: { change: enter, keydown: ({ key }) => { if (key === "Enter") check(); } } });
    return { node: box, get value() { return box.value; }, show(value) { if (!box.matches(":focus")) box.value = value; } };
  }
  let shown = "";  // an answer is shown once: after that, what stands there is a choice
  const once = (put) => (value) => { if (value !== shown) put(shown = value); };
  if (!listed) {
    const list = element("select", { "aria-label": label, on: { change: chosen } }, element("option", { value: "", text: texts.choose }),
      ...options.map((one) => element("option", { text: one })));
    return { node: list, waits: true, get value() { return list.value; }, show: once((value) => { list.value = value; }) };
  }
  const name = `answer-${answerField.made = (answerField.made ?? 0) + 1}`;
  const boxes = options.map((value) => element("input", { type: "radio", name, value, on: { change: chosen } }));
  return {
    node: element("div", { class: "bpkit-listed", role: "radiogroup", "aria-label": label },
      ...boxes.map((box, place) => element("label", {}, box, options[place]))),
    waits: true,
    get value() { return boxes.find((box) => box.checked)?.value ?? ""; },
    show: once((value) => boxes.forEach((box) => { box.checked = box.value === value; })),
  };
}

/** The hints of a box that were asked for: its own, or the lines toward its number from one of them on. */
export function hintsOf({ hints, lines, after }, [start, count] = [null, 0]) {
  if (!lines) return { shown: (hints ?? []).slice(0, count), over: count >= (hints ?? []).length };
  const way = after[start] ?? Object.keys(lines), last = lines[way.at(-1)][1];
  const all = way.map((number, place) => [place ? lines[way[place - 1]][1] : "", lines[number][0]].filter(Boolean).join("\n"));
  if (last) all.push(last);
  return { shown: all.slice(0, count), over: count >= all.length };
}

/** The lines of a worked solution in which answers go wrong. */
function markLines(solution, left, texts) {
  const tables = solution.querySelectorAll("table.lines");
  const note = (row, verdict) =>
    row.cells[1].append(element("strong", { class: "bpkit-left-note", text: `← ${texts[verdict]}` }));
  let first = true;  // to be checked: correcting that line may correct the others
  for (const [place, line, verdict] of [...left].sort(([a, b], [c, d]) => a - c || b - d)) {
    const row = [...tables[place]?.rows ?? []].find(({ cells }) => cells[0].textContent.trim() === `(${line})`);
    if (!row || row.classList.contains("bpkit-left")) continue;
    row.classList.add("bpkit-left");
    if (first || verdict !== "unknown") note(row, verdict);
    first = false;
  }
}

VIEWS.exercise = (app) => {
  const { spec } = app, { texts } = spec, first = app.values.seed;
  const heading = element("p", { class: "bpkit-asked", text: spec.title });
  const asked = element("div", {}), score = element("span", { class: "bpkit-score", role: "status" });
  const solution = element("div", { class: "bpkit-solution bpkit-prose" });
  const opener = app.button(texts.solution, texts.solutionTip, () => app.move({ opened: !app.values.opened }));
  const again = app.button(texts.again, texts.againTip, () =>
    app.move({ seed: app.link ? app.values.seed + 1 : first + (app.values.seed - first + 1) % spec.draws.length }));
  const buttons = element("div", { class: "bpkit-row" }, app.button(texts.check, null, () => enter(true)),
    app.link || spec.draws.length > 1 ? again : null, opener, score);
  let shown = "", parts = [], lines = [];
  /** Take what stands in the boxes; what is chosen from lists too, where ``all`` says so. */
  const enter = (all) => app.move({ answers: parts.map(({ field }, place) =>
    (field?.waits && !all ? app.values.answers[place] : field?.value) ?? "") });
  const hears = { check: () => enter(true), enter: () => enter(false), chosen: () => app.soon() };
  /** One more hint for a part: from the line on to which its verdict sent. */
  const help = (place) => {
    const hinted = parts.map((_, one) => app.values.hinted[one] ?? null), [start, count] = hinted[place] ?? [lines[place] ?? null, 0];
    hinted[place] = [start, count + 1];
    app.move({ hinted });
  };
  const partOf = ({ letter, asks, name, kernel, hints, first: before, ...how }, place) => {
    const text = asks && prose(asks, "bpkit-part-asks"), mark = letter && element("b", { class: "bpkit-letter", text: letter });
    if (kernel) return { node: element("div", { class: "bpkit-part" }, mark || null, text || null, element("p", { text: texts.kernel })) };
    const field = answerField(how, texts, hears), verdict = verdictPlace();
    const hint = hints ? app.button(texts.hint, texts.hintTip, () => help(place)) : null;
    const list = element("ol", { class: "bpkit-hints", "aria-live": "polite", "aria-label": how.helps });
    const label = name ? element("span", { class: "bpkit-label", "aria-hidden": "true" }) : null;
    if (label) label.innerHTML = name;
    const row = element("div", { class: "bpkit-answer" }, !text && mark ? mark : null, label, field.node);
    const asking = text ? element("div", { class: "bpkit-part-text" }, mark || null, text) : null;
    const reply = element("div", { class: "bpkit-reply" }, verdict.node, hint);
    return { node: element("div", { class: "bpkit-part" }, asking, row, reply, list), field, verdict, hint, list, before };
  };
  const show = (draw) => {
    const text = JSON.stringify([draw.given, draw.data, draw.picture, draw.parts]);
    if (text === shown) return;
    shown = text;
    parts = draw.parts.map(partOf);
    const answers = element("div", { class: "bpkit-parts" }, ...parts.map(({ node }) => node));
    const picture = draw.picture ? prose(draw.picture, "bpkit-card-picture") : null, data = draw.data ? prose(draw.data) : null;
    if (picture && draw.table) {
      const table = prose(draw.table);
      picture.append(element("details", {}, element("summary", { text: texts.table }), table));
    }
    const [left, right] = draw.long ? [[data], [picture]] : [[picture, data], []];
    const sides = [left, [...right, answers]].map((side) => side.filter(Boolean));
    const beside = element("div", { class: sides[0].length ? `bpkit-beside${draw.long ? " bpkit-long" : draw.wide ? " bpkit-above" : ""}` : "" },
      ...sides.filter((side) => side.length).map((side) => element("div", {}, ...side)));
    set(heading, { text: draw.title ?? spec.title });
    asked.replaceChildren(heading, prose(draw.given, "bpkit-given"), beside);
  };
  const alone = () => {
    const one = spec.draws[app.values.seed - first], boxes = one.boxes.values(), { hinted } = app.values;
    const own = parts.map(({ field }) => (field ? boxes.next().value : null));
    const found = parts.map(({ field }, place) => (field ? judge(own[place], app.values.answers[place] ?? "") : null));
    const answered = found.filter(Boolean), right = answered.filter(({ verdict }) => RIGHT.includes(verdict)).length;
    const count = answered.length, tried = answered.some(({ verdict }) => !NOT_YET.includes(verdict));
    const text = count && right === count ? spec.done : tried && count > 1
      ? spec.score.replace("{right}", right).replace("{count}", count) : "";
    const helped = own.map((box, place) => (box ? hintsOf(box, hinted[place] ?? undefined) : { shown: [], over: true }));
    const left = found.flatMap((each, place) => (each && WRONG.includes(each.verdict) && each.line && own[place].table !== null
      ? [[own[place].table, each.line, each.verdict]] : []));
    return { said: found.map((each) => each && [each.verdict, each.message, each.line ?? null]), tried, score: text,
      hints: helped.map((each) => each.shown), over: helped.map((each) => each.over), left,
      solution: app.values.opened ? one.solution : "" };
  };
  const late = (message) => set(score, { text: message });
  const judged = app.link ? kernelSays(app, late) : alone;
  return {
    silent: true,
    extra: { asked, buttons, solution },
    settle: (next, old) => (next.seed === old.seed ? next : { ...next, answers: [], hinted: [], opened: false }),
    frame(values) {
      if (!app.link) show(spec.draws[values.seed - first]);
      const told = judged();
      if (app.link && (told || !shown)) show(told?.draw ?? spec.first);
      parts.forEach(({ field }, place) => field?.show(values.answers[place] ?? ""));
      if (!told) { parts.forEach(({ verdict }) => verdict?.wait()); return {}; }
      lines = (told.said ?? []).map((one) => one?.[2]);
      parts.forEach(({ field, verdict, hint, list, before }, place) => {
        const [name, message] = told.said?.[place] ?? [], hints = told.hints?.[place] ?? [], over = told.over?.[place];
        const waits = field?.waits && field.value !== (values.answers[place] ?? "");
        verdict?.say(waits ? { verdict: "blank", message: texts.press } : { verdict: name, message: message ?? "" });
        if (!list) return;
        // Hints that would tell what an earlier part asks wait for it.
        const wrong = WRONG.includes(name), open = !before || RIGHT.includes(told.said?.["abcdefgh".indexOf(before)]?.[0]);
        const early = !name || NOT_YET.includes(name);  // nothing yet that a hint could help with
        if (hint) set(hint, { disabled: !wrong || over || !open, text: early ? texts.hintEarly : texts.hint,
          title: early ? texts.hintEarlyTip : texts.hintTip });
        while (list.children.length > hints.length) list.lastChild.remove();
        hints.forEach((html, at) => {
          const item = list.children[at] ?? list.appendChild(element("li", { class: "bpkit-prose" }));
          if (item.source !== html) { item.source = html; item.innerHTML = html; }
        });
        const shut = wrong && !open && !hints.length ? texts.hintFirst.replace("{first}", before) : null;
        set(list, { hidden: !hints.length && !shut, "data-over": shut ?? (hints.length && over ? texts.hintsOver : null) });
      });
      set(score, { text: told.score ?? told.message });
      set(opener, { disabled: !told.tried, "aria-expanded": String(Boolean(told.solution)) });
      const marked = JSON.stringify([told.solution, told.left]);
      if (solution.source !== marked) {
        solution.source = marked;
        solution.innerHTML = told.solution ?? "";
        if (told.solution) markLines(solution, told.left ?? [], texts);
      }
      set(solution, { hidden: !told.solution });
      if (told.said?.length && told.said.every((one) => !one || RIGHT.includes(one[0]))) app.done();
      return {};
    },
  };
};

VIEWS.practice = (app) => {
  const { texts } = app.spec, view = VIEWS.exercise(app), { asked } = view.extra;
  const why = element("p", { class: "bpkit-why", role: "status" }), counts = element("span", { class: "bpkit-score" });
  const list = element("ul", {}), waiting = element("details", {}, element("summary", { text: texts.waitingList }), list);
  let turn = app.values.seed;
  return {
    ...view,
    extra: { ...view.extra, why, counts, waiting },
    /** Another topic is another question. */
    settle: (next, old) => view.settle(next.topic === old.topic ? next : { ...next, seed: old.seed + 1 }, old),
    frame(values) {
      view.frame(values);
      const { told } = app.link, here = told.values?.seed === values.seed;
      if (!here) return {};
      set(why, { text: told.why });
      set(counts, { text: told.counts });
      const waits = JSON.stringify(told.waits);
      if (list.source !== waits) {
        list.source = waits;
        list.replaceChildren(...(told.waits ?? []).map((text) => element("li", { text })));
      }
      set(waiting, { hidden: !list.children.length });
      if (turn !== values.seed) {
        turn = values.seed;
        // Whoever has pressed the button goes on to answer.
        if (view.extra.buttons.contains(document.activeElement)) asked.querySelector("input, select")?.focus();
      }
      return {};
    },
  };
};

// ------------------------------------------------------------------------------------------------ kernel and page

/** What an app needs of the kernel's half: its values, where to send them, and word when the kernel sets some. */
function linked(model) {
  return {
    spec: model.get("spec"),
    get values() { return model.get("moved").values; },
    get told() { return model.get("told"); },
    send(values) {
      model.set("moved", { version: model.get("moved").version, values });
      model.save_changes();
    },
    hear(take, tell) {
      model.on("change:moved", () => take(model.get("moved").values));
      model.on("change:told", tell);
    },
  };
}

/**
 * Shared by all copies of this module on a page: places that wait for the kernel's half of their app, and halves that
 * wait for a place, by key. A kernel counts how often it showed an app; each time, its half takes one place.
 */
function shared() {
  return (globalThis.bpkit ??= { places: new Map(), halves: new Map() });
}

/** Take the first that waits under a key; give nothing where none does. */
function first(waiting, key) {
  return waiting.get(key)?.shift();
}

function wait(waiting, key, one) {
  waiting.set(key, [...(waiting.get(key) ?? []), one]);
}

/** Text that was packed as gzip, in base64: most of a large network's is alike. */
async function unzipped(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
}

/** An app's place in a page: it shows the spec that it holds, or the app of the kernel that has its key. */
function defined() {
  if (!globalThis.customElements || customElements.get("bpkit-app")) return;
  customElements.define("bpkit-app", class extends HTMLElement {
    connectedCallback() {
      if (this.app || this.waits) return;
      const own = this.querySelector("script[type^='application/json']"), key = this.getAttribute("key");
      if (own) {
        const made = (text) => { this.app = new App(this, unpacked(text)); };
        if (own.type.endsWith("gzip")) unzipped(own.textContent).then(made);
        else made(own.textContent);
        return;
      }
      const half = first(shared().halves, key);
      this.waits = !half;
      if (half) this.take(half);
      else wait(shared().places, key, this);
    }
    take(half) {
      this.app = new App(this, half.spec, half);
      let before = this.closest(".jp-OutputArea-child"), stills = this.hasAttribute("still") ? Number(this.getAttribute("still")) || 1 : 0;
      for (; stills && (before = before?.previousElementSibling); stills--) before.style.display = "none";  // they have done their work
      this.closest(".jp-RenderedHTMLCommon")?.classList.remove("jp-RenderedHTMLCommon");  // a look for texts, not for apps
    }
  });
}
defined();

/** The look, once for a page: without a view nobody else puts it there. */
function dressed(css) {
  const own = document.getElementById("bpkit-look") ?? document.head.appendChild(element("style", { id: "bpkit-look" }));
  set(own, { text: css });
}

export default {
  initialize({ model }) {
    dressed(model.get("_css"));
    const key = model.get("key"), { places, halves } = shared();
    let taken = 0;
    const take = () => {
      for (; taken < model.get("places"); taken++) {
        const half = linked(model), place = first(places, key);
        if (place) place.take(half);
        else wait(halves, key, half);
      }
    };
    model.on("change:places", take);
    take();
  },
  render({ model, el }) {
    new App(el, model.get("spec"), linked(model));
  },
};
