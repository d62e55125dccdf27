/* What becomes of one person's savings over many lives? The same year as portlib.retirement.simulation, one life at a time:

       working:  W' = (W - k) G + c sqrt(G)      k: record keeping, c: contributions at mid-year, after every limit
       retired:  W' = (W - k - x) G              x: what is wanted, less other income, as far as savings reach

   G is the real growth of the mix after its fee. Life j meets in year t the row (a_t j + b_t) mod K of a pool of real years.
   Real dollars of today. Left out: taxes, couples, pensions fixed in dollars, pay that is not as planned. */
"use strict";
(() => {
  const clamp = (x, low, high) => Math.min(Math.max(x, low), high);

  /* Quantile of sorted values, as numpy's default. */
  function quantile(sorted, q) {
    const at = q * (sorted.length - 1);
    const low = Math.floor(at);
    const high = Math.min(low + 1, sorted.length - 1);
    return sorted[low] + (at - low) * (sorted[high] - sorted[low]);
  }

  /* Wilson's interval of a proportion (1927), 95%. */
  function wilson(successes, trials) {
    const z = 1.959963984540054;
    const p = successes / trials;
    const middle = p + z ** 2 / (2 * trials);
    const wide = z * Math.sqrt((p * (1 - p)) / trials + (z / (2 * trials)) ** 2);
    const scale = 1 + z ** 2 / trials;
    return [Math.max((middle - wide) / scale, 0), Math.min((middle + wide) / scale, 1)];
  }

  /* Social Security a year for a career of pay that grows evenly, and the year from which it is paid. */
  function benefit(person, facts) {
    const { security, law, pay_growth } = facts;
    const { age, pay, retirement_age } = person;
    const earned = [];
    const paid = Math.min(age, retirement_age - 1); // the age at which pay is: for the retired, the last
    for (let a = Math.min(security.career_start, age); a < retirement_age; a++)
      earned.push(Math.min(pay * (1 + pay_growth) ** (a - paid), security.wage_base));
    const best = earned.sort((x, y) => y - x).slice(0, 35);
    const average = Math.floor(best.reduce((sum, x) => sum + x, 0) / 420 + 1e-9);
    const ends = [0, ...security.bend_points, Infinity];
    const full = security.factors.reduce((sum, f, i) => sum + f * (clamp(average, ends[i], ends[i + 1]) - ends[i]), 0);
    const primary = Math.floor(10 * (Math.round(full * 1e6) / 1e6)) / 10;
    const claimed = 12 * clamp(retirement_age, 62, 70);
    const born = law.year - age;
    const [, normal] = security.full_retirement.filter(([year], i) => i === 0 || year <= born).at(-1);
    const late = claimed - normal;
    const early = Math.max(-late, 0);
    const factor = 1 + Math.max(late, 0) * security.late - Math.min(early, 36) * security.early - Math.max(early - 36, 0) * security.earlier;
    return { yearly: 12 * Math.floor(Math.round(primary * factor * 1e6) / 1e6), from: Math.max(claimed / 12 - age, 0) };
  }

  /* Employee's and employer's contributions in each year of work. */
  function contributions(person, facts) {
    const { law, match, pay_growth } = facts;
    const paid = [];
    for (let t = 0; t < person.retirement_age - person.age; t++) {
      const a = person.age + t;
      const gross = person.pay * (1 + pay_growth) ** t;
      const employee = Math.min(person.deferral_rate * gross, law.employee[a]);
      const counted = Math.min(gross, law.compensation[person.age]);
      const share = employee / Math.max(counted, 1e-9);
      let employer = 0;
      let floor = 0;
      for (const tier of match) {
        employer += tier.rate * Math.max(Math.min(share, tier.up_to) - floor, 0) * counted;
        floor = Math.max(floor, tier.up_to);
      }
      const room = Math.min(law.additions[person.age], gross) - Math.min(employee, law.elective[a]);
      paid.push(employee + Math.min(employer, Math.max(room, 0)));
    }
    return paid;
  }

  /* Chance of being alive at the start of each year from an age on: men and women, equally many today. */
  function survival(age, m) {
    const years = m.last_age - age;
    const alive = new Float64Array(years + 1);
    for (const dies of [m.male, m.female]) {
      let lives = 1;
      for (let t = 0; t <= years; t++) {
        alive[t] += lives / 2;
        if (t < years) lives *= 1 - Math.min(m.relative * dies[age + t] * (1 - m.improvement) ** t, 1);
      }
    }
    alive[years] = 0;
    return alive;
  }

  /* A path read between its points by straight lines, so many years before retirement: {years (falling), weights, fee}. */
  function mixAt(path, away) {
    const { years, weights } = path;
    if (away >= years[0]) return weights[0];
    if (away <= years.at(-1)) return weights.at(-1);
    const k = years.findIndex((y) => y <= away);
    const t = (years[k - 1] - away) / (years[k - 1] - years[k]);
    return weights[k].map((w, i) => weights[k - 1][i] + t * (w - weights[k - 1][i]));
  }

  /* A constant share of equity, the rest in bonds: sleeves of classes at what they cost. */
  function constantMix(facts, equity) {
    const { equity: e, bonds: b } = facts.sleeves;
    const weights = e.weights.map((x, i) => equity * x + (1 - equity) * b.weights[i]);
    return { years: [0], weights: [weights], fee: equity * e.cost + (1 - equity) * b.cost };
  }

  class Lives {
    constructor(facts) {
      this.facts = facts;
      const bytes = Uint8Array.from(atob(facts.pool.returns), (c) => c.charCodeAt(0));
      this.pool = Float64Array.from(new Int16Array(bytes.buffer), (x) => 1 + x * 1e-4);
    }

    /* Growth of a mix in every row of the pool, after its fee. */
    #growth(weights, fee) {
      const classes = weights.length;
      const growth = new Float64Array(this.facts.pool.rows);
      for (let k = 0, at = 0; k < growth.length; k++) {
        let sum = 0;
        for (let i = 0; i < classes; i++) sum += weights[i] * this.pool[at++];
        growth[k] = sum * (1 - fee);
      }
      return growth;
    }

    /* `person`: age, pay, balance, deferral_rate, other_income, retirement_age, spending; `path`: {years, weights, fee}. */
    simulate(person, path) {
      const { facts } = this;
      const { rows, lives, multipliers, offsets } = facts.pool;
      const { age, balance, spending } = person;
      const working = Math.max(person.retirement_age - age, 0);
      const alive = survival(age, facts.mortality);
      const years = alive.length - 1;
      const paid = contributions(person, facts);
      const { yearly, from } = benefit(person, facts);
      const fee = facts.fee_dollars;

      /* The last year that each life begins; then year by year, all lives that are left, in one array of wealth. */
      const last = new Int16Array(lives);
      for (let j = 0; j < lives; j++) {
        const chance = ((multipliers.at(-1) * (j + 1) + offsets.at(-1)) % rows + 0.5) / rows;
        let t = 0;
        while (t < years && alive[t + 1] >= chance) t++;
        last[j] = t;
      }
      const ends = last.reduce((most, t) => Math.max(most, t), 0);
      const wealth = new Float64Array(lives).fill(balance);
      const unmet = new Float64Array(lives);
      const worst = new Float64Array(lives).fill(1);
      const byAge = [];
      const held = [];
      let known = null;
      let growth = null;
      for (let t = 0; t <= ends; t++) {
        const mix = mixAt(path, person.retirement_age - age - t);
        if (!growth || mix.some((w, i) => w !== known[i])) growth = this.#growth((known = mix), path.fee);
        const [a, b] = [multipliers[t], offsets[t]];
        const income = person.other_income + (t >= from ? yearly : 0);
        const need = Math.max(spending - income, 0);
        let here = 0;
        let short = 0;
        let missing = 0;
        for (let j = 0; j < lives; j++) {
          if (last[j] < t) continue;
          const G = growth[(a * (j + 1) + b) % rows];
          let w = Math.max(wealth[j] - fee, 0);
          if (t < working) wealth[j] = w * G + paid[t] * Math.sqrt(G);
          else {
            if (t === working) held.push(w);
            const drawn = Math.min(w, need);
            let gap = spending - (drawn + income);
            if (gap < 1e-7) gap = 0;
            here++;
            if (gap > 0) {
              short++;
              missing += gap;
              unmet[j] += gap;
              worst[j] = Math.min(worst[j], 1 - gap / spending);
            }
            wealth[j] = (w - drawn) * G;
          }
        }
        if (t >= working && here) byAge.push({ age: age + t, alive: here, short: short / here, depth: short ? missing / short / spending : 0 });
      }
      let reached = 0;
      let met = 0;
      let lost = 0;
      let wanted = 0;
      let depth = 0;
      for (let j = 0; j < lives; j++) {
        if (last[j] < working) continue;
        reached++;
        const all = spending * (last[j] - working + 1);
        wanted += all;
        lost += unmet[j];
        if (unmet[j] <= 1e-9 * Math.max(all, 1)) met++;
        else depth += 1 - worst[j];
      }
      const sorted = Float64Array.from(held).sort();
      return {
        chance: met / reached,
        interval: wilson(met, reached),
        reached,
        shortfall: lost / Math.max(wanted, 1e-9),
        depth: depth / Math.max(reached - met, 1),
        balance: { low: quantile(sorted, 0.1), middle: quantile(sorted, 0.5), high: quantile(sorted, 0.9) },
        benefit: yearly,
        byAge,
      };
    }
  }

  globalThis.WhatIf = Object.assign(globalThis.WhatIf ?? {}, { Lives, benefit, constantMix, contributions });
})();
