/* Which portfolios are efficient under limits and bounds, for every trade-off at once?

       minimise  w'Σw / 2 - λ μ'w      over  lower <= w <= upper,  row_lower <= A w <= row_upper      (λ = 1 / risk aversion)

   The best weights are piecewise linear in λ (Markowitz 1956), as portlib.construction.critical_line traces them. While the
   same limits bind, weights and multipliers solve one linear system and are straight lines in λ; where the first of
   them reaches its limit, one limit is let go or taken up. A dual active-set method (Goldfarb and Idnani 1983) finds
   the set that binds at the start, and wherever several limits change at once. A set that it proves empty is refused
   with the names of rules that cannot hold together.

   Left out: distances (tracking error, turnover) and soft rules, whose frontier is not made of straight lines. A
   singular Σ is given a ridge of a billionth of its largest entry. */
"use strict";
(() => {
  const TIE = 1e-12; // a slack or a multiplier below this is zero
  const STEP = 1e-9; // past a corner, in natural units of λ, the next segment is certified
  const RIDGE = 1e-9;

  const dot = (a, b) => {
    let sum = 0;
    for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
    return sum;
  };
  const times = (matrix, x) => Float64Array.from(matrix, (row) => dot(row, x));
  const largest = (values) => values.reduce((most, x) => Math.max(most, Math.abs(x)), 0);

  class Infeasible extends Error {
    constructor(rules) {
      super(`no portfolio obeys these rules together: ${rules.join("; ")}`);
      this.rules = rules;
    }
  }

  /* Rules as named limits: the tightest bound on each weight with its rule's name, and the rows. */
  function compile(n, rules) {
    const lower = new Float64Array(n).fill(-Infinity);
    const upper = new Float64Array(n).fill(Infinity);
    const lowerNames = new Array(n).fill("");
    const upperNames = new Array(n).fill("");
    const rows = [];
    for (const rule of rules) {
      if (rule.row) {
        rows.push({ name: rule.name, a: Float64Array.from(rule.row), lower: rule.lower ?? -Infinity, upper: rule.upper ?? Infinity });
        continue;
      }
      for (let i = 0; i < n; i++) {
        const low = rule.lower?.[i] ?? -Infinity;
        const high = rule.upper?.[i] ?? Infinity;
        if (low > lower[i]) [lower[i], lowerNames[i]] = [low, rule.name];
        if (high < upper[i]) [upper[i], upperNames[i]] = [high, rule.name];
      }
    }
    return { n, lower, upper, lowerNames, upperNames, rows };
  }

  /* Gaussian elimination with partial pivoting, for several right-hand sides; null where the matrix is singular. */
  function solveLinear(matrix, rights) {
    const size = matrix.length;
    const m = matrix.map((row, i) => Float64Array.from([...row, ...rights.map((right) => right[i])]));
    const width = size + rights.length;
    for (let k = 0; k < size; k++) {
      let best = k;
      for (let i = k + 1; i < size; i++) if (Math.abs(m[i][k]) > Math.abs(m[best][k])) best = i;
      if (Math.abs(m[best][k]) < 1e-14) return null;
      [m[k], m[best]] = [m[best], m[k]];
      for (let i = k + 1; i < size; i++) {
        const factor = m[i][k] / m[k][k];
        if (factor !== 0) for (let j = k; j < width; j++) m[i][j] -= factor * m[k][j];
      }
    }
    return rights.map((_, r) => {
      const x = new Float64Array(size);
      for (let i = size - 1; i >= 0; i--) {
        let sum = m[i][size + r];
        for (let j = i + 1; j < size; j++) sum -= m[i][j] * x[j];
        x[i] = sum / m[i][i];
      }
      return x;
    });
  }

  /* The root L of a covariance, with a ridge where it is singular: L L' = Σ. Returns the Σ that was used, too. */
  function root(sigma) {
    const n = sigma.length;
    for (const ridge of [0, RIDGE]) {
      const used = sigma.map((row, i) => Float64Array.from(row, (x, j) => (i === j ? x + ridge : x)));
      const L = used.map(() => new Float64Array(n));
      let positive = true;
      for (let i = 0; i < n && positive; i++)
        for (let j = 0; j <= i; j++) {
          let sum = used[i][j];
          for (let k = 0; k < j; k++) sum -= L[i][k] * L[j][k];
          if (i === j) positive = sum > 1e-11;
          L[i][j] = i === j ? Math.sqrt(Math.max(sum, 0)) : sum / L[j][j];
        }
      if (positive) return { L, sigma: used, ridge };
    }
    throw new Error("the covariance is not positive semidefinite");
  }

  /* Every limit as a half-space normal'w >= least; equalities first, each once. */
  function halfSpaces(p) {
    const unit = (i, sign) => Float64Array.from({ length: p.n }, (_, j) => (j === i ? sign : 0));
    const negative = (a) => a.map((x) => -x);
    const equal = [];
    const unequal = [];
    p.rows.forEach((row, i) => {
      if (row.lower === row.upper) equal.push({ normal: row.a, least: row.lower, row: i, side: 1, name: row.name, equal: true });
      else {
        if (row.lower > -Infinity) unequal.push({ normal: row.a, least: row.lower, row: i, side: -1, name: row.name });
        if (row.upper < Infinity) unequal.push({ normal: negative(row.a), least: -row.upper, row: i, side: 1, name: row.name });
      }
    });
    for (let i = 0; i < p.n; i++) {
      const [low, high] = [p.lower[i], p.upper[i]];
      if (low === high) equal.push({ normal: unit(i, 1), least: low, weight: i, side: -1, name: p.upperNames[i], equal: true });
      else {
        if (low > high) throw new Infeasible([...new Set([p.lowerNames[i], p.upperNames[i]])]);
        if (low > -Infinity) unequal.push({ normal: unit(i, 1), least: low, weight: i, side: -1, name: p.lowerNames[i] });
        if (high < Infinity) unequal.push({ normal: unit(i, -1), least: -high, weight: i, side: 1, name: p.upperNames[i] });
      }
    }
    return [...equal, ...unequal];
  }

  /* Which limits bind at one λ, by the dual method of Goldfarb and Idnani (1983), in y = L'w: the point of a polyhedron
     nearest to another. Limits are added, the most violated first, while multipliers stay positive. */
  function dualActiveSet(p, spaces, L, c) {
    const forward = (right) => {
      const x = new Float64Array(p.n);
      for (let i = 0; i < p.n; i++) {
        let sum = right[i];
        for (let j = 0; j < i; j++) sum -= L[i][j] * x[j];
        x[i] = sum / L[i][i];
      }
      return x;
    };
    const d = spaces.map((space) => forward(space.normal));
    const length = d.map((x) => Math.sqrt(dot(x, x)));
    const y = forward(c);
    let active = [];
    let u = [];
    const sign = new Float64Array(spaces.length).fill(1);
    const slack = (j) => (sign[j] * (dot(d[j], y) - spaces[j].least)) / length[j];

    /* z: the part of limit j's normal outside the span of the active ones; r: its coefficients on them. */
    const split = (j) => {
      const basis = [];
      const R = [];
      for (const k of active) {
        const q = d[k].map((x) => sign[k] * x);
        const column = new Float64Array(active.length);
        for (let pass = 0; pass < 2; pass++)
          basis.forEach((b, i) => {
            const s = dot(b, q);
            column[i] += s;
            for (let m = 0; m < q.length; m++) q[m] -= s * b[m];
          });
        const norm = Math.sqrt(dot(q, q));
        column[basis.length] = norm;
        basis.push(q.map((x) => x / norm));
        R.push(column);
      }
      const z = d[j].map((x) => sign[j] * x);
      const right = new Float64Array(active.length);
      for (let pass = 0; pass < 2; pass++)
        basis.forEach((b, i) => {
          const s = dot(b, z);
          right[i] += s;
          for (let m = 0; m < z.length; m++) z[m] -= s * b[m];
        });
      const r = new Float64Array(active.length);
      for (let i = active.length - 1; i >= 0; i--) {
        let sum = right[i];
        for (let k = i + 1; k < active.length; k++) sum -= R[k][i] * r[k];
        r[i] = sum / R[i][i];
      }
      return { z, r };
    };

    const add = (j) => {
      let mine = 0;
      for (let rounds = 0; rounds < 50 * spaces.length; rounds++) {
        const { z, r } = split(j);
        const zz = dot(z, z);
        let dual = Infinity;
        let drop = -1;
        r.forEach((x, i) => {
          if (!spaces[active[i]].equal && x > TIE * length[j] && u[i] / x < dual) [dual, drop] = [u[i] / x, i];
        });
        const primal = zz > 1e-18 * length[j] ** 2 ? (-slack(j) * length[j]) / zz : Infinity;
        const step = Math.min(dual, primal);
        if (step === Infinity) {
          const guilty = active.filter((k, i) => (spaces[k].equal ? Math.abs(r[i]) : r[i]) > 1e-9);
          throw new Infeasible([...new Set([...guilty, j].map((k) => spaces[k].name))]);
        }
        if (primal < Infinity) for (let i = 0; i < y.length; i++) y[i] += step * z[i];
        u = u.map((x, i) => x - step * r[i]);
        mine += step;
        if (step === primal) {
          active.push(j);
          u.push(mine);
          return;
        }
        active.splice(drop, 1);
        u.splice(drop, 1);
      }
      throw new Error("the dual method did not settle");
    };

    const near = (j) => 1e-13 * (1 + largest(y) + Math.abs(spaces[j].least) / length[j]);
    spaces.forEach((space, j) => {
      if (!space.equal) return;
      if (slack(j) > 0) sign[j] = -1;
      if (slack(j) < -near(j)) add(j);
      else if (dot(split(j).z, split(j).z) > 1e-18 * length[j] ** 2) [active, u] = [[...active, j], [...u, 0]];
    });
    for (let rounds = 0; rounds < 100 * spaces.length; rounds++) {
      let worst = -1;
      let least = 0;
      for (let j = 0; j < spaces.length; j++) {
        if (spaces[j].equal || active.includes(j)) continue;
        const s = slack(j);
        if (s < -near(j) && s < least) [worst, least] = [j, s];
      }
      if (worst < 0) break;
      add(worst);
    }
    const at = new Int8Array(p.n);
    const on = new Int8Array(p.rows.length);
    for (const j of active)
      if (spaces[j].weight === undefined) on[spaces[j].row] = spaces[j].side;
      else at[spaces[j].weight] = spaces[j].side;
    return { at, on };
  }

  /* While the limits `at` (weights) and `on` (rows) bind: weights, row values and multipliers as lines in λ, each a
     pair [at λ = 0, slope]. Null where they determine no portfolio. */
  function lines(sigma, mu, p, at, on) {
    const free = [];
    const held = [];
    const fixed = new Float64Array(p.n);
    for (let i = 0; i < p.n; i++) {
      if (at[i] === 0) free.push(i);
      else fixed[i] = at[i] < 0 ? p.lower[i] : p.upper[i];
    }
    on.forEach((side, i) => side !== 0 && held.push(i));
    const goal = held.map((i) => (on[i] > 0 ? p.rows[i].upper : p.rows[i].lower) - dot(p.rows[i].a, fixed));
    const matrix = [
      ...free.map((i) => [...free.map((j) => sigma[i][j]), ...held.map((h) => -p.rows[h].a[i])]),
      ...held.map((h) => [...free.map((j) => p.rows[h].a[j]), ...held.map(() => 0)]),
    ];
    const solved = solveLinear(matrix, [
      [...free.map((i) => -dot(sigma[i], fixed)), ...goal],
      [...free.map((i) => mu[i]), ...held.map(() => 0)],
    ]);
    if (!solved) return null;
    const w = [fixed, new Float64Array(p.n)];
    const y = [new Float64Array(p.rows.length), new Float64Array(p.rows.length)];
    const z = [0, 1].map((part) => {
      free.forEach((i, k) => (w[part][i] = solved[part][k]));
      held.forEach((h, k) => (y[part][h] = solved[part][free.length + k]));
      const gradient = times(sigma, w[part]);
      if (part === 1) for (let i = 0; i < p.n; i++) gradient[i] -= mu[i];
      for (const h of held) for (let i = 0; i < p.n; i++) gradient[i] -= y[part][h] * p.rows[h].a[i];
      for (const i of free) gradient[i] = 0;
      return gradient;
    });
    const value = w.map((part) => times(p.rows.map((row) => row.a), part));
    return { w, y, z, value, at, on };
  }

  /* What must stay at or above zero on a segment: [at λ = 0, slope, which limit, the side it would go to]. */
  function conditions(p, s) {
    const found = [];
    for (let i = 0; i < p.n; i++) {
      if (s.at[i] === 0) {
        if (p.lower[i] > -Infinity) found.push([s.w[0][i] - p.lower[i], s.w[1][i], i, -1]);
        if (p.upper[i] < Infinity) found.push([p.upper[i] - s.w[0][i], -s.w[1][i], i, 1]);
      } else if (p.lower[i] < p.upper[i]) found.push([-s.at[i] * s.z[0][i], -s.at[i] * s.z[1][i], i, 0]);
    }
    p.rows.forEach((row, k) => {
      const i = p.n + k;
      if (s.on[k] === 0) {
        if (row.lower > -Infinity) found.push([s.value[0][k] - row.lower, s.value[1][k], i, -1]);
        if (row.upper < Infinity) found.push([row.upper - s.value[0][k], -s.value[1][k], i, 1]);
      } else if (row.lower < row.upper) found.push([-s.on[k] * s.y[0][k], -s.on[k] * s.y[1][k], i, 0]);
    });
    return found;
  }

  /* Every efficient portfolio: segments from λ = 0 (the least risk) to the highest return, in natural units. */
  class Frontier {
    constructor(mu, sigma, rf, rules) {
      this.mu = Float64Array.from(mu);
      this.sigma = sigma.map((row) => Float64Array.from(row));
      this.rf = rf;
      this.names = rules.map((rule) => rule.name);
      this.p = compile(mu.length, rules);
      const scale = sigma.reduce((most, row) => Math.max(most, largest(row)), 0) || 1;
      const spread = Math.max(...mu) - Math.min(...mu) || 1;
      this.unit = scale / spread;
      this.scale = scale;
      const natural = root(sigma.map((row) => row.map((x) => x / scale)));
      this.ridge = natural.ridge;
      this.segments = this.#trace(natural, this.mu.map((x) => x / spread));
    }

    #trace({ L, sigma }, mu) {
      const p = this.p;
      const spaces = halfSpaces(p);
      const restart = (lambda) => {
        const { at, on } = dualActiveSet(p, spaces, L, mu.map((x) => lambda * x));
        return lines(sigma, mu, p, at, on);
      };
      const holds = (found, lambda) => found.every(([a, b]) => a + lambda * b >= -TIE * (1 + lambda));
      const segments = [];
      let now = 0;
      let s = restart(0);
      let asked = s && conditions(p, s);
      while (s && segments.length < 100 * (p.n + p.rows.length)) {
        let next = Infinity;
        let event = null;
        for (const [a, b, which, side] of asked) {
          if (b >= -1e-11) continue;
          const reached = Math.max(-a / b, now);
          if (reached < next) [next, event] = [reached, [which, side]];
        }
        segments.push({ ...s, from: now, to: next });
        if (!event) return segments;
        const at = s.at.slice();
        const on = s.on.slice();
        if (event[0] < p.n) at[event[0]] = event[1];
        else on[event[0] - p.n] = event[1];
        const ahead = next + STEP * (1 + next);
        s = lines(sigma, mu, p, at, on);
        asked = s && conditions(p, s);
        if (!s || !holds(asked, ahead)) {
          s = restart(ahead);
          asked = s && conditions(p, s);
        }
        now = next;
      }
      throw new Error("the frontier could not be traced");
    }

    weights(segment, lambda) {
      return segment.w[0].map((x, i) => Math.min(Math.max(x + lambda * segment.w[1][i], this.p.lower[i]), this.p.upper[i]));
    }
    mean(w) {
      return dot(this.mu, w);
    }
    variance(w) {
      return Math.max(dot(w, times(this.sigma, w)), 0);
    }

    /* The portfolio at λ (natural; Infinity: the highest return) and what each rule costs: `unit` is "return", or "risk". */
    #read(segment, lambda, unit) {
      const last = lambda === Infinity;
      const w = this.weights(segment, last ? segment.from : lambda);
      const [mean, risk] = [this.mean(w), Math.sqrt(this.variance(w))];
      const of = (pair, i) => (last ? pair[1][i] : pair[0][i] + lambda * pair[1][i]);
      let scale = (this.scale / this.unit) / (last ? 1 : lambda);
      if (unit === "risk") scale = risk > 0 ? this.scale / risk : 0;
      const prices = Object.fromEntries(this.names.map((name) => [name, 0]));
      this.p.rows.forEach((row, i) => (prices[row.name] += Math.abs(of(segment.y, i)) * scale));
      for (let i = 0; i < w.length; i++) {
        const z = of(segment.z, i);
        const name = z > 0 ? this.p.lowerNames[i] : this.p.upperNames[i];
        if (segment.at[i] !== 0 && z !== 0 && name) prices[name] += Math.abs(z) * scale;
      }
      return { w, mean, risk, sharpe: (mean - this.rf) / risk, prices, unit, lambda: last ? Infinity : lambda * this.unit };
    }

    #at(lambda) {
      return this.segments.find((s) => lambda <= s.to);
    }
    minimumRisk() {
      return this.#read(this.segments[0], 0, "risk");
    }
    maximumReturn() {
      return this.#read(this.segments.at(-1), Infinity, "return");
    }
    maximumUtility(aversion) {
      if (aversion === 0) return this.maximumReturn();
      const lambda = 1 / (aversion * this.unit);
      return this.#read(this.#at(lambda), lambda, "return");
    }

    /* The least risk that earns r, and the highest return at a volatility of s: λ is found on one segment, where the
       return is a line in λ and the variance a parabola. Null where none does. */
    targetReturn(r) {
      const top = this.segments.at(-1);
      if (r > this.mean(this.weights(top, top.from)) + TIE) return null;
      for (const s of this.segments) {
        if (s.to === Infinity) return this.#read(s, s.from, "risk");
        const [low, high] = [s.from, s.to].map((lambda) => this.mean(this.weights(s, lambda)));
        if (r <= low) return this.#read(s, s.from, "risk");
        if (r <= high) return this.#read(s, s.from + ((r - low) / (high - low)) * (s.to - s.from), "risk");
      }
      return null;
    }
    targetRisk(limit) {
      const goal = limit * limit;
      if (goal < this.variance(this.weights(this.segments[0], 0)) * (1 - 1e-12)) return null;
      for (const s of this.segments) {
        if (s.to === Infinity) return this.#read(s, Infinity, "return");
        const low = this.weights(s, s.from);
        const step = this.weights(s, s.to).map((x, i) => x - low[i]);
        const slope = times(this.sigma, step);
        const [a, b, c] = [this.variance(low), dot(low, slope), dot(step, slope)];
        if (a + 2 * b + c < goal) continue;
        const t = a >= goal ? 0 : (goal - a) / (b + Math.sqrt(Math.max(b * b + c * (goal - a), 0)));
        return this.#read(s, s.from + Math.min(t, 1) * (s.to - s.from), "return");
      }
      return null;
    }

    /* Points of the curve, `each` a segment: [risk, mean]. */
    curve(each = 6) {
      const points = [];
      for (const s of this.segments) {
        const end = s.to === Infinity ? s.from : s.to;
        for (let k = 0; k <= (end > s.from ? each : 0); k++) {
          const w = this.weights(s, s.from + ((end - s.from) * k) / each);
          points.push([Math.sqrt(this.variance(w)), this.mean(w)]);
        }
      }
      return points;
    }
  }

  globalThis.WhatIf = Object.assign(globalThis.WhatIf ?? {}, { Frontier, Infeasible });
})();
