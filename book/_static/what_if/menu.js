/* What does the best portfolio lose when a fund is not offered, or costs something else?

   The loss is of the certainty equivalent, mean - A/2 risk², a year: solved again by the same frontier under the same rules.
   Taken as a yearly cost over a career of level saving and level spending, it becomes years of spending, as in
   portlib.retirement.plan_menu.fund_costs.fee_drag. Left out: what a fund is wanted for beyond return and risk. */
"use strict";
(() => {
  const utility = (found, aversion) => found.mean - (aversion / 2) * found.risk ** 2;

  /* The best portfolio of a menu: `gone` are numbers of funds not offered, `expenses` the expense ratio of each. */
  function bestOf(data, posture, gone, expenses) {
    const { aversion, rules } = data.postures[posture];
    const dearer = data.funds.map((fund, i) => expenses[i] - fund.expense);
    const told = rules.map((rule) => (rule.unit.startsWith("expense") ? { ...rule, row: rule.row.map((x, i) => x + dearer[i]) } : rule));
    if (gone.size) told.push({ name: "not offered", upper: data.funds.map((_, i) => (gone.has(i) ? 0 : null)) });
    const line = new WhatIf.Frontier(data.mu.map((x, i) => x - dearer[i]), data.sigma, data.rf, told);
    const found = line.maximumUtility(aversion);
    return { ...found, utility: utility(found, aversion) };
  }

  /* Years of spending that a yearly loss takes from a career; below zero for a gain. */
  function yearsLost(loss, { growth, years, retired }) {
    const annuity = (rate, n) => (rate === 0 ? n : -Math.expm1(-n * Math.log1p(rate)) / rate);
    const saved = (rate) => annuity(rate, years) * (1 + rate) ** years;
    const spending = saved(growth) / annuity(growth, retired);
    const g = (1 + growth) * (1 - Math.abs(loss)) - 1;
    const share = (saved(g) * g) / spending;
    const lasts = g === 0 ? saved(g) / spending : share < 1 ? -Math.log1p(-share) / Math.log1p(g) : Infinity;
    return Math.sign(loss) * (retired - lasts);
  }

  globalThis.WhatIf = Object.assign(globalThis.WhatIf ?? {}, { bestOf, yearsLost });
})();
