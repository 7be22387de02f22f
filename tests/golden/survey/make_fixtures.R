# Writes fixtures.json: audits as counts, and what R's survey package says of them.
#     Rscript make_fixtures.R > fixtures.json
# See README.md for the versions that made the file beside it.
suppressMessages({library(survey); library(sampling); library(jsonlite)})
options(survey.lonely.psu = "certainty")   # a stratum of one force adds nothing between forces
set.seed(20140501, kind = "Mersenne-Twister", normal.kind = "Inversion", sample.kind = "Rejection")
LEVEL <- 0.95

# An audit: m forces of strata with `of` forces each, H strata of records.
audit <- function(m, of, H, accuracy, due = 0.86, stratum = rep(1, m), whole = 0, all = FALSE) {
  N <- matrix(round(exp(rnorm(m * H, 5, 0.8))) + 5, m, H)
  n <- pmin(N, matrix(rpois(m * H, 25) + 3, m, H))
  if (whole > 0) n[seq_len(whole)] <- N[seq_len(whole)]
  if (all) n <- N
  p <- plogis(qlogis(accuracy) + rnorm(m, 0, 0.4))
  x <- matrix(rbinom(m * H, n, due), m, H)
  y <- matrix(rbinom(m * H, x, rep(p, H)), m, H)
  list(force_stratum = stratum, of = of[stratum], frame = N, sampled = n, due = x, recorded = y)
}

# One row for each record read.
records <- function(a) {
  m <- nrow(a$frame); H <- ncol(a$frame)
  one <- function(f, h) {
    n <- a$sampled[f, h]; x <- a$due[f, h]; y <- a$recorded[f, h]
    if (n == 0) return(NULL)
    data.frame(force = f, stratum = a$force_stratum[f], cell = f * 1000 + h, F = a$of[f],
               N = a$frame[f, h], x = rep(c(1, 0), c(x, n - x)),
               y = rep(c(1, 0), c(y, n - y)), w2 = a$frame[f, h] / n)
  }
  rows <- do.call(rbind, Map(one, rep(1:m, H), rep(1:H, each = m)))
  rows$record <- seq_len(nrow(rows))
  in_stratum <- table(a$force_stratum)
  rows$w <- rows$w2 * rows$F / as.numeric(in_stratum[as.character(rows$stratum)])
  rows
}

ratio <- function(design) {
  r <- svyratio(~y, ~x, design)
  list(value = unname(coef(r)), se = unname(as.numeric(SE(r))))
}

two_stage <- function(rows)
  svydesign(ids = ~force + record, strata = ~stratum + cell, fpc = ~F + N, data = rows)
clusters <- function(rows) {
  strata <- if (length(unique(rows$stratum)) > 1) ~stratum
  svydesign(ids = ~force, strata = strata, weights = ~w, data = rows)
}

intervals <- function(design, rows) {
  due <- subset(design, x == 1)
  made <- list()
  for (method in c("logit", "asin", "beta", "mean", "xlogit", "likelihood")) {
    made[[method]] <- tryCatch({
      ci <- suppressWarnings(svyciprop(~I(y == 1), due, method = method, level = LEVEL,
                                       df = degf(design)))
      list(value = as.numeric(coef(ci)), low = confint(ci)[1], high = confint(ci)[2])
    }, error = function(e) list(error = conditionMessage(e)))
  }
  made
}

judged <- function(a, replicates = TRUE, ci = TRUE) {
  rows <- records(a)
  full <- two_stage(rows); one <- clusters(rows)
  said <- list(two_stage = c(ratio(full), df = degf(full)), ultimate_cluster = ratio(one))
  if (replicates) {
    type <- if (length(unique(a$force_stratum)) == 1) "JK1" else "JKn"
    for (mse in c(TRUE, FALSE))
      said[[paste0("jackknife_mse_", mse)]] <- ratio(as.svrepdesign(one, type = type, mse = mse))
  }
  if (ci) said$svyciprop <- intervals(full, rows)
  a$survey <- said
  a
}

# One stage: forces read whole, so that only the draw of forces is left to chance.
one_stage <- function() {
  F <- 20; V <- round(exp(rnorm(F, 7, 0.6))); kind <- rep(c(0, 1), c(6, 14))
  drawn <- sort(sample(F, 9))
  due <- round(V[drawn] * runif(9, 1.05, 1.3)); recorded <- round(due * runif(9, 0.7, 0.95))
  d <- data.frame(y = recorded, x = due, V = V[drawn], kind = kind[drawn], F = F)
  design <- svydesign(ids = ~1, fpc = ~F, data = d)
  post <- postStratify(design, ~kind, data.frame(kind = c(0, 1), Freq = c(6, 14)))
  greg <- calibrate(design, ~V, c(`(Intercept)` = F, V = sum(V)))
  uncorrected <- svydesign(ids = ~1, weights = rep(F / 9, 9), data = d)
  list(force = drawn - 1, due = due, recorded = recorded, volume = V, post_stratum = kind,
       survey = list(simple = ratio(design), post_stratified = ratio(post),
                     regression = ratio(greg), without_correction = ratio(uncorrected)))
}

# Unequal probabilities without replacement, joint ones exact (Sampford).
unequal <- function() {
  F <- 12; V <- round(exp(rnorm(F, 7, 0.5))); pi <- inclusionprobabilities(V, 5)
  joint <- UPsampfordpi2(pi)
  drawn <- which(UPsampford(pi) == 1)
  due <- round(V[drawn] * runif(5, 1.05, 1.3)); recorded <- round(due * runif(5, 0.7, 0.95))
  d <- data.frame(y = recorded, x = due, pi = pi[drawn])
  yg <- svydesign(ids = ~1, fpc = ~pi, data = d, pps = ppsmat(joint[drawn, drawn]), variance = "YG")
  list(force = drawn - 1, due = due, recorded = recorded, p_joint = joint,
       survey = list(yates_grundy = ratio(yg)))
}

# With replacement: five draws in proportion to volume, a force may come twice.
replaced <- function() {
  F <- 12; V <- round(exp(rnorm(F, 7, 0.5))); p <- V / sum(V)
  drawn <- sort(c(3, sample(F, 4, replace = TRUE, prob = p), 3))
  m <- length(drawn)
  rows <- do.call(rbind, lapply(seq_len(m), function(i) {
    n <- 40; x <- rbinom(1, n, 0.86); y <- rbinom(1, x, 0.8)
    data.frame(draw = i, N = V[drawn[i]], n = n, w = V[drawn[i]] / n / (m * p[drawn[i]]),
               x = rep(c(1, 0), c(x, n - x)), y = rep(c(1, 0), c(y, n - y)))
  }))
  design <- svydesign(ids = ~draw, weights = ~w, data = rows)
  list(force = drawn - 1, expected_draws = m * p[drawn], forces = F,
       frame = V[drawn], sampled = rep(40, m),
       due = as.numeric(tapply(rows$x, rows$draw, sum)),
       recorded = as.numeric(tapply(rows$y, rows$draw, sum)),
       survey = list(with_replacement = ratio(design)))
}

strata <- c(1, 2, 2, 2, 2, 3, 3, 3)
audits <- list(
  thirteen = judged(audit(13, 43, 6, 0.8)),
  five = judged(audit(5, 43, 3, 0.8)),
  two = judged(audit(2, 43, 1, 0.7)),
  nearly_all = judged(audit(8, 43, 4, 0.985)),
  certainty = judged(audit(8, c(1, 10, 32), 2, 0.8, stratum = strata)),
  read_whole = judged(audit(6, 20, 3, 0.8, whole = 7)),
  census = judged(audit(5, 5, 2, 0.8, all = TRUE), ci = FALSE),
  all_recorded = judged(audit(6, 43, 2, 1), replicates = FALSE),
  none_recorded = judged(audit(6, 43, 2, 0), replicates = FALSE)
)
made <- list(
  by = list(R = R.version.string, survey = as.character(packageVersion("survey")),
            sampling = as.character(packageVersion("sampling"))),
  level = LEVEL, audits = audits, one_stage = one_stage(), unequal = unequal(),
  replaced = replaced()
)
cat(toJSON(made, digits = 17, auto_unbox = TRUE, na = "null", matrix = "rowmajor", pretty = 1), "\n")
