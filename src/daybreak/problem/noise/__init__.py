"""Noise models: how observations scatter about the predictions.

Each is written as residuals r(f, d) whose squares add up to the deviance of the prediction f,

    sum r^2 = -2 log L(f) + 2 log L(best f there is for the datum d),

so that least squares is maximum likelihood, and differences of chi2 follow Wilks (1938).  Each
residual has the sign of f - d.  The formulas stand in `counts`, `continuous` and `likelihood`;
`kinds` finds every model by its name in a record.

Source: McCullagh and Nelder (1989), Generalized Linear Models, 2nd ed., section 2.3 (deviance).
"""
