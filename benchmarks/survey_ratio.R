# Seconds that R's survey package takes for one audit, as JSON; estimators.py calls it.
#
#     Rscript benchmarks/survey_ratio.R cells.csv repeats [forces]
#
# cells.csv: a row for each force and stratum, with the columns force, stratum, frame, sampled,
# due, recorded; `forces` is how many there are in all (43). R and the package come from the
# system's package manager: apt install r-base-core r-cran-survey.
suppressMessages(library(survey))

given <- commandArgs(trailingOnly = TRUE)
if (!length(given) %in% 2:3) stop("usage: Rscript survey_ratio.R cells.csv repeats [forces]")
cells <- read.csv(given[1])
repeats <- as.integer(given[2])
forces <- if (length(given) == 3) as.integer(given[3]) else 43

# One row for each force, its totals weighted; and one row for each record read.
weight <- cells$frame / cells$sampled
totals <- aggregate(cbind(due = weight * due, recorded = weight * recorded) ~ force, cells, sum)
totals$weight <- forces / nrow(totals)
of_cell <- rep(seq_len(nrow(cells)), cells$sampled)
place <- sequence(cells$sampled)
records <- data.frame(
  force = cells$force[of_cell], cell = of_cell, record = seq_along(of_cell),
  forces = forces, frame = cells$frame[of_cell],
  weight = weight[of_cell] * forces / nrow(totals),
  due = as.numeric(place <= cells$due[of_cell]),
  recorded = as.numeric(place <= cells$recorded[of_cell])
)

# A design belongs to its data, so each audit of a study needs its own.
by_totals <- function() svyratio(
  ~recorded, ~due, svydesign(ids = ~force, weights = ~weight, data = totals))
by_records <- function() svyratio(
  ~recorded, ~due, svydesign(ids = ~force, weights = ~weight, data = records))
both_stages <- function() svyratio(~recorded, ~due, svydesign(
  ids = ~force + record, strata = ~forces + cell, fpc = ~forces + frame, data = records))

seconds <- function(estimate) {
  estimate()
  started <- proc.time()[["elapsed"]]
  for (i in seq_len(repeats)) estimate()
  (proc.time()[["elapsed"]] - started) / repeats
}
json <- function(x) paste0("{", paste0('"', names(x), '": ', sprintf("%.17g", x), collapse = ", "), "}")

said <- by_totals()
cat(json(c(
  value = coef(said)[[1]], se = SE(said)[[1]],
  "seconds a call, one row a force" = seconds(by_totals),
  "seconds a call, one row a record" = seconds(by_records),
  "seconds a call, both stages" = seconds(both_stages)
)), "\n", sep = "")
