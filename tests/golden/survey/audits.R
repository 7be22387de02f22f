# Audits to estimate from, as counts, drawn at random; and their records, one row each.

GROUPS <- c(0.46, 0.22, 0.16, 0.09, 0.05, 0.02)   # offence mix, about as recorded

# All forces there are: volume by group, kind (0 metropolitan, 1 county) and accuracy. `spread`
# and `unequal` are the SDs of the log odds of accuracy and of log volume between forces.
country <- function(forces, groups, metropolitan, accuracy, spread = 0.45, unequal = 0.45) {
  kind <- rep(0:1, c(metropolitan, forces - metropolitan))
  size <- rlnorm(forces, ifelse(kind == 0, 9.2, 8.3), unequal)
  mix <- GROUPS[seq_len(groups)] / sum(GROUPS[seq_len(groups)])
  volume <- round(size %o% mix * rlnorm(forces * groups, 0, 0.25)) + 10
  of_force <- rnorm(forces, 0, spread)
  true <- plogis(qlogis(accuracy) + of_force + rnorm(forces * groups, 0, spread / 2))
  list(kind = kind, volume = volume, accuracy = matrix(true, forces, groups))
}

# An inspection of the forces `rows` of a country, `stratum` their strata, which hold `of` forces
# each. About `per_force` records of a force are read, larger frames less than in proportion;
# in the cells `whole`, a matrix of TRUE and FALSE, all of them. `p`: inclusion probabilities,
# if forces are not simple random within strata.
inspect <- function(country, rows, stratum, of, per_force, whole = NULL, p = NULL) {
  volume <- country$volume[rows, , drop = FALSE]
  frame <- round(volume * runif(length(volume), 1.1, 1.4))
  sampled <- pmin(frame, 2 + round(per_force * frame^0.86 / rowSums(frame^0.86)))
  if (!is.null(whole)) sampled[whole] <- frame[whole]
  due <- matrix(rbinom(length(sampled), sampled, 0.86), nrow(frame))
  accuracy <- country$accuracy[rows, , drop = FALSE]
  recorded <- matrix(rbinom(length(due), due, accuracy), nrow(frame))
  inspected <- as.vector(table(factor(stratum, seq_along(of))))
  list(
    force = rows, frame = frame, sampled = sampled, due = due, recorded = recorded,
    p_inclusion = if (is.null(p)) (inspected / of)[stratum] else p,
    force_stratum = stratum, of = of[stratum],
    recorded_volume = country$volume, post_stratum = country$kind
  )
}

# Simple random forces, one stratum.
simple <- function(country, m, per_force, whole = NULL) {
  forces <- nrow(country$volume)
  inspect(country, sort(sample(forces, m)), rep(1, m), forces, per_force, whole)
}

# One row for each record read.
records_of <- function(a) {
  of_cell <- function(f, h) {
    n <- a$sampled[f, h]; x <- a$due[f, h]; y <- a$recorded[f, h]
    data.frame(
      force = f, force_stratum = a$force_stratum[f], group = h, cell = 100 * f + h,
      forces = a$of[f], frame = a$frame[f, h], p_force = a$p_inclusion[f],
      p_record = n / a$frame[f, h], weight = a$frame[f, h] / n / a$p_inclusion[f],
      kind = a$post_stratum[a$force[f]], volume = sum(a$recorded_volume[a$force[f], ]),
      reports = sum(a$frame[f, ]), due = rep(1:0, c(x, n - x)), recorded = rep(1:0, c(y, n - y))
    )
  }
  m <- nrow(a$frame); H <- ncol(a$frame)
  rows <- do.call(rbind, Map(of_cell, rep(1:m, each = H), rep(1:H, m)))
  rows$record <- seq_len(nrow(rows))
  rows
}

# One row for each force: its estimated totals of reports due, and due and recorded.
totals_of <- function(a) {
  weight <- a$frame / a$sampled
  data.frame(
    force = seq_along(a$force), force_stratum = a$force_stratum, forces = a$of,
    p_force = a$p_inclusion, weight = 1 / a$p_inclusion, kind = a$post_stratum[a$force],
    volume = rowSums(a$recorded_volume)[a$force],
    due = rowSums(weight * a$due), recorded = rowSums(weight * a$recorded)
  )
}
