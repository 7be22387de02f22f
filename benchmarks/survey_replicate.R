# Replicates of an audit as an R user would write them, as JSON; engine.py calls it.
#
#     Rscript benchmarks/survey_replicate.R world.csv inspected repeats
#
# world.csv: a row for each force and stratum of one world, with the columns force, stratum,
# frame, sampled, due, recorded. A replicate draws forces, and counts of the records read in
# them; survey gives the ratio, its standard error and its interval. R and the package come
# from the system's package manager: apt install r-base-core r-cran-survey.
suppressMessages(library(survey))

given <- commandArgs(trailingOnly = TRUE)
if (length(given) != 3) stop("usage: Rscript survey_replicate.R world.csv inspected repeats")
world <- read.csv(given[1])
m <- as.integer(given[2])
repeats <- as.integer(given[3])

# A matrix of each count, a row for each force.
by_force <- function(counts) matrix(counts, ncol = max(world$stratum) + 1, byrow = TRUE)
frame <- by_force(world$frame)
sampled <- by_force(world$sampled)
due <- by_force(world$due)
recorded <- by_force(world$recorded)
forces <- nrow(frame)

replicate_once <- function() {
  f <- sample.int(forces, m)
  n <- sampled[f, ]
  x <- rhyper(length(n), due[f, ], frame[f, ] - due[f, ], n)
  y <- rhyper(length(n), recorded[f, ], due[f, ] - recorded[f, ], x)
  weight <- frame[f, ] / n
  totals <- data.frame(
    force = f, weight = forces / m, due = rowSums(weight * x), recorded = rowSums(weight * y)
  )
  said <- svyratio(~recorded, ~due, svydesign(ids = ~force, weights = ~weight, data = totals))
  c(coef(said)[[1]], SE(said)[[1]], confint(said, df = m - 1))
}

set.seed(1)
invisible(replicate_once())
started <- proc.time()[["elapsed"]]
said <- vapply(seq_len(repeats), function(i) replicate_once(), numeric(4))
spent <- proc.time()[["elapsed"]] - started
json <- function(x) paste0("{", paste0('"', names(x), '": ', sprintf("%.17g", x), collapse = ", "), "}")
cat(json(c(seconds = spent / repeats, mean = mean(said[1, ]), sd = sd(said[1, ]))), "\n", sep = "")
