# Writes fixtures.json: audits, and what R's survey package says of them. See README.md.
#
#     Rscript make_fixtures.R > fixtures.json
suppressMessages({library(survey); library(sampling)})
source("audits.R"); source("fixture.R")
RNGversion("4.2.2")
set.seed(20140501)
options(survey.lonely.psu = "fail", warn = 1)

# Every interval of svyciprop under one design; `likelihood` also by its formula.
intervals <- function(f, variance, due) {
  f$own$due_reports <- due
  estimator <- function(interval) paste("combined_ratio", variance, interval, sep = "/")
  df <- f$own$df <- degf(f$own$design)
  f$answer(estimator("t"), svyciprop(~recorded, due_reports, method = "mean", df = df), df)
  # logit fits the share again, to about nine digits.
  if (df > 1)
    f$answer(estimator("logit"), svyciprop(~recorded, due_reports, method = "logit", df = df), df)
  else
    f$reference("logit breaks on one degree of freedom",
                svyciprop(~recorded, due_reports, method = "logit", df = df), df)
  f$answer(estimator("logit"), svyciprop(~recorded, due_reports, method = "xlogit", df = df), df)
  # asin goes on past the end of the scale, where the sine comes down again.
  ratio <- svyratio(~recorded, ~due, f$own$design); A <- as.numeric(coef(ratio))
  if (asin(sqrt(A)) + qt(0.975, df) * SE(ratio) / (2 * sqrt(A * (1 - A))) < pi / 2)
    f$answer(estimator("arcsine"),
             svyciprop(~recorded, due_reports, method = "asin", df = df), df)
  else
    f$reference("asin folds back past the end of the scale",
                svyciprop(~recorded, due_reports, method = "asin", df = df), df)
  # beta takes its degrees of freedom from the reports due, whatever df it is given.
  if (degf(due) == df)
    f$answer(estimator("korn_graubard"),
             svyciprop(~recorded, due_reports, method = "beta", df = df), df)
  else
    f$reference("beta on degrees of freedom of the reports due",
                svyciprop(~recorded, due_reports, method = "beta", df = df), degf(due))
  if (df > 1) {
    exact <- likelihood_ends(f$own$design, due)
    profile <- confint(svyciprop(~recorded, due, method = "likelihood", df = df))
    f$answer(estimator("likelihood"),
             svyciprop(~recorded, due_reports, method = "likelihood", df = df), df,
             exact_low = exact[1], exact_high = exact[2],
             profile_error = max(abs(profile - exact)))
  } else
    f$reference("likelihood leaves its profile on one degree of freedom",
                svyciprop(~recorded, due_reports, method = "likelihood", df = df), df)
}

# What svyciprop's likelihood method aims at, solved and not read off a spline: see README.md.
likelihood_ends <- function(design, due) {
  ratio <- svyratio(~recorded, ~due, design)
  A <- as.numeric(coef(ratio)); n <- nrow(due)
  n_eff <- A * (1 - A) / as.numeric(vcov(ratio))
  allowed <- qt(1 - (1 - LEVEL) / 2, degf(design))^2 * n / (n - 1)
  beyond <- function(p) 2 * n_eff * (A * log(A / p) + (1 - A) * log((1 - A) / (1 - p))) - allowed
  c(uniroot(beyond, c(1e-12, A), tol = 1e-15)$root,
    uniroot(beyond, c(A, 1 - 1e-14), tol = 1e-15)$root)
}

two_stage_design <- function(f) f$design("design", svydesign(
  ids = ~force + record, strata = ~force_stratum + cell, fpc = ~forces + frame, data = records))

# 1, 2, 5 and 6: simple random forces, both stages, one stage, jackknife, intervals ------------
simple_forces <- function(name, about, audit) {
  f <- fixture(name, about, audit)
  two_stage_design(f)
  f$design("clusters", svydesign(ids = ~force, weights = ~weight, data = records))
  f$design("clusters_corrected", svydesign(
    ids = ~force, fpc = ~forces, weights = ~weight, data = records))
  df <- degf(f$own$design)
  f$answer("combined_ratio/linearised/t", svyratio(~recorded, ~due, design), df)
  f$answer("combined_ratio/sen_yates_grundy/t", svyratio(~recorded, ~due, design), df)
  f$stage("between", vcov(svyratio(~recorded, ~due, clusters_corrected)))
  f$stage("within",
          vcov(svyratio(~recorded, ~due, design)) -
            vcov(svyratio(~recorded, ~due, clusters_corrected)))
  intervals(f, "linearised", subset(f$own$design, due == 1))
  f$answer("combined_ratio/ultimate_cluster/t", svyratio(~recorded, ~due, clusters), df)
  f$design("jackknife", as.svrepdesign(clusters, type = "JK1", mse = TRUE))
  f$answer("combined_ratio/jackknife/t", svyratio(~recorded, ~due, jackknife), df)
  f$reference("jackknife about the mean of its replicates, R's default",
              svyratio(~recorded, ~due, as.svrepdesign(clusters, type = "JK1", mse = FALSE)), df)
  f$reference("jackknife, forces corrected",
              svyratio(~recorded, ~due, as.svrepdesign(
                clusters_corrected, type = "JK1", mse = TRUE)), df)
  f
}

england <- country(43, 6, 10, 0.8)
thirteen <- simple_forces("thirteen",
                          "13 of 43 forces, simple random, six groups", simple(england, 13, 160))
# The volumes are public, so the nation's accuracy can be put together by group.
thirteen$own$V <- colSums(england$volume)
for (k in 1:6) {
  thirteen$own$records[[paste0("x", k)]] <- with(thirteen$own$records, due * (group == k))
  thirteen$own$records[[paste0("y", k)]] <- with(thirteen$own$records, recorded * (group == k))
}
thirteen$design("by_group", svydesign(
  ids = ~force + record, strata = ~force_stratum + cell, fpc = ~forces + frame, data = records))
thirteen$own$combine <- function(totals, V) {
  term <- function(k) bquote(.(V[k]) * .(as.name(paste0("x", k))) / .(as.name(paste0("y", k))))
  all <- Reduce(function(a, b) bquote(.(a) + .(b)), lapply(1:6, term))
  svycontrast(totals, bquote(.(sum(V)) / .(all)))
}
thirteen$answer("by_group/linearised/t",
  combine(svytotal(~x1 + x2 + x3 + x4 + x5 + x6 + y1 + y2 + y3 + y4 + y5 + y6, by_group), V), 12)
thirteen$design("unweighted", svydesign(ids = ~force, weights = ~1, data = records))
thirteen$answer("pooled/ultimate_cluster/t", svyratio(~recorded, ~due, unweighted), 12)
thirteen$own$x <- sum(thirteen$own$records$due)
thirteen$own$y <- sum(thirteen$own$records$recorded)
thirteen$answer("pooled/binomial/clopper_pearson", binom.test(y, x), NULL)
thirteen$answer("pooled/binomial/wilson", prop.test(y, x, correct = FALSE), NULL)

five <- simple_forces("five",
                      "5 of 43 forces, three groups", simple(country(43, 3, 10, 0.8), 5, 110))
two <- simple_forces("two", "2 of 9 forces, one group", simple(country(9, 1, 2, 0.75), 2, 60))
accurate <- simple_forces("accurate", "30 of 43 forces, accuracy near 1",
                          simple(country(43, 6, 10, 0.985), 30, 120))

# One group of offences alone: a domain, whose records are strata of their own.
third <- fixture("domain", "one offence group of the audit `thirteen`", {
  a <- thirteen$own$audit
  for (part in c("frame", "sampled", "due", "recorded", "recorded_volume"))
    a[[part]] <- a[[part]][, 3, drop = FALSE]
  a
})
third$own$all_records <- thirteen$own$records
third$design("all_groups", svydesign(
  ids = ~force + record, strata = ~force_stratum + cell, fpc = ~forces + frame, data = all_records))
third$answer("combined_ratio/linearised/t",
             svyratio(~recorded, ~due, subset(all_groups, group == 3)), 12)

# 3: strata of forces, one of them a force inspected with certainty ----------------------------
strata_of <- function(country) {
  # The largest force is certain; the others lie by size in strata of 6, 12 and 24.
  by_size <- order(-rowSums(country$volume))
  stratum <- c(1, rep(2, 2), rep(3, 3), rep(4, 4))
  rows <- c(by_size[1], sample(by_size[2:7], 2),
            sample(by_size[8:19], 3), sample(by_size[20:43], 4))
  inspect(country, rows[order(rows)], stratum[order(rows)], c(1, 6, 12, 24), 140)
}
certain <- fixture("strata",
                   "1 (certain), 2, 3 and 4 of strata of 1, 6, 12 and 24 forces",
                   strata_of(england))
two_stage_design(certain)
certain$design("corrected", svydesign(
  ids = ~force, strata = ~force_stratum, fpc = ~forces, weights = ~weight, data = records))
certain$design("clusters", svydesign(
  ids = ~force, strata = ~force_stratum, weights = ~weight, data = records))
certain$answer("combined_ratio/linearised/t", svyratio(~recorded, ~due, design), 6)
certain$answer("combined_ratio/sen_yates_grundy/t", svyratio(~recorded, ~due, design), 6)
certain$stage("between", vcov(svyratio(~recorded, ~due, corrected)))
certain$stage("within",
              vcov(svyratio(~recorded, ~due, design)) - vcov(svyratio(~recorded, ~due, corrected)))
intervals(certain, "linearised", subset(certain$own$design, due == 1))
certain$reference("without correction R refuses a stratum of one force",
                  svyratio(~recorded, ~due, clusters), 6)
options(survey.lonely.psu = "certainty")
certain$answer("combined_ratio/ultimate_cluster/t", svyratio(~recorded, ~due, clusters), 6)
certain$design("jackknife", as.svrepdesign(clusters, type = "JKn", mse = TRUE))
certain$answer("combined_ratio/jackknife/t", svyratio(~recorded, ~due, jackknife), 6)
certain$reference("jackknife about the mean of its replicates, R's default",
                  svyratio(~recorded, ~due, as.svrepdesign(clusters, type = "JKn", mse = FALSE)), 6)
certain$reference("jackknife, forces corrected",
                  svyratio(~recorded, ~due, as.svrepdesign(corrected, type = "JKn", mse = TRUE)), 6)
certain$reference("degrees of freedom of the replicate weights",
                  svyratio(~recorded, ~due, jackknife), degf(certain$own$jackknife))
options(survey.lonely.psu = "fail")

# 4: strata of records read whole, forces all inspected, nothing left to chance ----------------
small <- country(12, 3, 3, 0.8)
small$volume <- ceiling(small$volume / 60)
whole <- matrix(FALSE, 6, 3); whole[1, ] <- TRUE; whole[, 3] <- TRUE; whole[4, 1] <- TRUE
read_whole <- fixture("read_whole", "a force, a group and a cell of whose records all were read",
                      simple(small, 6, 40, whole))
two_stage_design(read_whole)
read_whole$answer("combined_ratio/linearised/t", svyratio(~recorded, ~due, design), 5)
intervals(read_whole, "linearised", subset(read_whole$own$design, due == 1))

every_force <- fixture("every_force",
                       "all 12 forces inspected, one stratum: records alone are left to chance",
                       simple(small, 12, 30))
two_stage_design(every_force)
every_force$answer("combined_ratio/linearised/t", svyratio(~recorded, ~due, design), 11)

one_each <- fixture("one_each",
                    "the same, each force a stratum: df are records less strata", {
  a <- every_force$own$audit; a$force_stratum <- 1:12; a$of <- rep(1, 12); a
})
one_each$design("design", svydesign(ids = ~1, strata = ~cell, fpc = ~frame, data = records))
one_each$answer("combined_ratio/linearised/t",
                svyratio(~recorded, ~due, design), degf(one_each$own$design))
intervals(one_each, "linearised", subset(one_each$own$design, due == 1))

census <- fixture("census",
                  "every record of every force", simple(small, 12, 0, matrix(TRUE, 12, 3)))
two_stage_design(census)
census$answer("combined_ratio/linearised/t", svyratio(~recorded, ~due, design), 11)

# An unknown frame: every record read counts once, as if drawn with replacement.
unknown <- fixture("unknown_frame", "6 of 12 forces, sizes of frames unknown", simple(small, 6, 40))
unknown$own$audit$frame[] <- 0
unknown$own$records$frame <- Inf
unknown$own$records$weight <- 12 / 6
unknown$design("design", svydesign(
  ids = ~force + record, strata = ~force_stratum + cell, fpc = ~forces + frame,
  weights = ~weight, data = records))
unknown$answer("combined_ratio/linearised/t", svyratio(~recorded, ~due, design), 5)

# 7: every report due was recorded, or none was --------------------------------------------------
ends <- function(name, about, recorded) {
  a <- simple(england, 6, 60)
  a$recorded <- if (recorded) a$due else 0 * a$due
  f <- fixture(name, about, a)
  two_stage_design(f)
  f$design("due_reports", subset(design, due == 1))
  for (method in c("mean", "logit", "xlogit", "asin", "beta", "likelihood")) eval(bquote(
    f$reference(.(method), svyciprop(~recorded, due_reports, method = .(method), df = 5), 5)))
  f
}
all_recorded <- ends("all_recorded", "6 of 43 forces, all reports due were recorded", TRUE)
none_recorded <- ends("none_recorded", "6 of 43 forces, no report due was recorded", FALSE)

# 8: weights adjusted to what is known of all forces ---------------------------------------------
adjusted <- function(name, about, audit) {
  f <- fixture(name, about, audit)
  f$own$kinds <- as.data.frame(table(kind = audit$post_stratum))
  V <- rowSums(audit$recorded_volume)
  f$own$known <- c(`(Intercept)` = length(V), volume = sum(V))
  f$own$df <- length(audit$force) - length(unique(audit$force_stratum))
  f
}
# Forces read whole are the units; nothing but their draw is left to chance.
forces_whole <- function(name, about, audit, type) {
  f <- adjusted(name, about, audit)
  df <- f$own$df
  f$design("design", svydesign(ids = ~force, strata = ~force_stratum, fpc = ~forces, data = totals))
  f$answer("post_stratified/linearised/t",
           svyratio(~recorded, ~due, postStratify(design, ~kind, kinds)), df)
  f$answer("regression/linearised/t",
           svyratio(~recorded, ~due, calibrate(design, ~volume, known)), df)
  if (type == "JK1")
    f$design("clusters", svydesign(ids = ~force, weights = ~weight, data = totals))
  else
    f$design("clusters", svydesign(
      ids = ~force, strata = ~force_stratum, weights = ~weight, data = totals))
  f$answer("post_stratified/ultimate_cluster/t",
           svyratio(~recorded, ~due, postStratify(clusters, ~kind, kinds)), df)
  f$answer("regression/ultimate_cluster/t",
           svyratio(~recorded, ~due, calibrate(clusters, ~volume, known)), df)
  f$own$type <- type
  f$design("jackknife", as.svrepdesign(clusters, type = type, mse = TRUE))
  f$answer("post_stratified/jackknife/t",
           svyratio(~recorded, ~due, postStratify(jackknife, ~kind, kinds)), df)
  f$answer("regression/jackknife/t",
           svyratio(~recorded, ~due, calibrate(jackknife, ~volume, known)), df)
  f
}
# Records are the units; what is known of a force is spread evenly over its reports.
both_stages <- function(name, about, audit) {
  f <- adjusted(name, about, audit)
  df <- f$own$df
  f$own$records <- within(f$own$records, {
    share <- 1 / reports
    of_volume <- volume / reports
    metropolitan <- (kind == 0) / reports
    county <- (kind == 1) / reports
  })
  f$own$of_kind <- c(metropolitan = sum(audit$post_stratum == 0),
                     county = sum(audit$post_stratum == 1))
  f$own$known <- c(share = f$own$known[[1]], of_volume = f$own$known[[2]])
  f$own$of_reports <- local({
    reports <- rowsum(f$own$records$weight, f$own$records$kind)
    data.frame(kind = c(0, 1), Freq = f$own$of_kind * as.vector(reports) /
                 as.vector(rowsum(1 / audit$p_inclusion, audit$post_stratum[audit$force])))
  })
  two_stage_design(f)
  f$answer("post_stratified/linearised/t", svyratio(~recorded, ~due, calibrate(
    design, ~0 + metropolitan + county, of_kind, variance = records$share)), df)
  f$answer("regression/linearised/t", svyratio(~recorded, ~due, calibrate(
    design, ~0 + share + of_volume, known, variance = records$share)), df)
  f$reference("postStratify by records: the same weights, residuals about the mean of records",
              svyratio(~recorded, ~due, postStratify(design, ~kind, of_reports)), df)
  f
}
two_kinds <- function(country, m, per_force, whole = FALSE) {
  repeat {
    a <- simple(country, m, per_force, if (whole) matrix(TRUE, m, ncol(country$volume)))
    if (min(table(factor(a$post_stratum[a$force], 0:1))) >= 3) return(a)
  }
}
villages <- country(20, 3, 7, 0.8)
villages$volume <- ceiling(villages$volume / 20)
adjusted_whole <- forces_whole("adjusted_whole",
                               "9 of 20 forces read whole, kinds and volumes of all known",
                               two_kinds(villages, 9, 0, TRUE), "JK1")
adjusted_two_stage <- both_stages("adjusted_two_stage",
                                  "13 of 43 forces, kinds and volumes of all known",
                                  two_kinds(england, 13, 120))
mixed <- function(country, per_force, whole = FALSE) {
  # Strata do not follow kinds, so that weights differ within a kind.
  stratum_of_all <- rep_len(1:2, nrow(country$volume)); of <- as.vector(table(stratum_of_all))
  rows <- sort(c(sample(which(stratum_of_all == 1), 6), sample(which(stratum_of_all == 2), 4)))
  a <- inspect(country, rows, stratum_of_all[rows], of, per_force,
               if (whole) matrix(TRUE, 10, ncol(country$volume)))
  if (min(table(factor(a$post_stratum[a$force], 0:1))) >= 3) a else mixed(country, per_force, whole)
}
adjusted_strata_whole <- forces_whole("adjusted_strata_whole",
                                      "6 and 4 of strata of 10 and 10 forces read whole",
                                      mixed(villages, 0, TRUE), "JKn")
adjusted_strata <- both_stages("adjusted_strata",
                               "strata of 22 and 21 forces, of which 6 and 4 were inspected",
                               mixed(england, 120))

# 9: forces in proportion to size, joint probabilities exact -------------------------------------
proportional <- function(name, about, country, m, joint_of, draw, whole) {
  p <- inclusionprobabilities(rowSums(country$volume), m)
  joint <- joint_of(p)
  rows <- which(draw(p) == 1)
  a <- inspect(country, rows, rep(1, m), nrow(country$volume), 60,
               if (whole) matrix(TRUE, m, ncol(country$volume)), p = p[rows])
  a$p_joint <- joint
  f <- fixture(name, about, a)
  f$own$joint <- joint[rows, rows]
  f$own$p_total <- sum(p^2) / sum(p)
  df <- m - 1
  f$design("pairs", svydesign(ids = ~force, fpc = ~p_force, data = totals,
                              pps = ppsmat(joint, tolerance = 0), variance = "YG"))
  if (whole) {
    f$answer("combined_ratio/sen_yates_grundy/t", svyratio(~recorded, ~due, pairs), df)
  } else {
    f$design("two_stages", svydesign(ids = ~force + record, strata = ~force_stratum + cell,
                                     fpc = ~p_force + p_record, data = records, pps = "brewer"))
    f$design("one_stage", svydesign(ids = ~force, fpc = ~p_force, data = totals, pps = "brewer"))
    f$stage("pairs", vcov(svyratio(~recorded, ~due, pairs)))
    f$stage("within",
            vcov(svyratio(~recorded, ~due, two_stages)) -
              vcov(svyratio(~recorded, ~due, one_stage)))
  }
  f$reference("Horvitz-Thompson form", svyratio(~recorded, ~due, svydesign(
    ids = ~force, fpc = ~p_force, data = totals,
    pps = ppsmat(joint, tolerance = 0), variance = "HT")), df)
  f$reference("Brewer's approximation", svyratio(~recorded, ~due, svydesign(
    ids = ~force, fpc = ~p_force, data = totals, pps = "brewer")), df)
  f$reference("Overton's approximation, Yates-Grundy form", svyratio(~recorded, ~due, svydesign(
    ids = ~force, fpc = ~p_force, data = totals, pps = "overton", variance = "YG")), df)
  f$reference("Hartley and Rao's approximation, Yates-Grundy form",
              svyratio(~recorded, ~due, svydesign(
    ids = ~force, fpc = ~p_force, data = totals, pps = HR(p_total), variance = "YG")), df)
  f$reference("Hartley and Rao's approximation from the sample",
              svyratio(~recorded, ~due, svydesign(
    ids = ~force, fpc = ~p_force, data = totals, pps = HR(), variance = "YG")), df)
  f
}
# Forces near enough in size that none is certain, without which Sampford's are not computed.
alike <- country(20, 3, 0, 0.8, unequal = 0.25)
alike$volume <- ceiling(alike$volume / 20)
alike_twelve <- lapply(alike[c("volume", "accuracy")], function(part) part[1:12, ])
alike_twelve$kind <- alike$kind[1:12]
sampford <- proportional("sampford",
                         "5 of 12 forces in proportion to volume (Sampford), read whole",
                         alike_twelve, 5, UPsampfordpi2, UPsampford, TRUE)
entropy <- proportional("maximum_entropy",
                        "4 of 12 forces in proportion to volume (maximum entropy), read whole",
                        small, 4, UPmaxentropypi2, UPmaxentropy, TRUE)
sampford_two_stage <- proportional("sampford_two_stage",
                                   "8 of 20 forces by volume (Sampford), records sampled",
                                   alike, 8, UPsampfordpi2, UPsampford, FALSE)

# 10: forces drawn with replacement --------------------------------------------------------------
p_draw <- rowSums(england$volume) / sum(england$volume)
drawn <- sort(c(sample(43, 8, replace = TRUE, prob = p_draw), which.max(p_draw), which.max(p_draw)))
replaced <- fixture("with_replacement",
                    "10 draws of 43 forces in proportion to volume, with replacement",
                    inspect(england, drawn, rep(1, 10), 43, 90, p = 10 * p_draw[drawn]))
replaced$own$records <- within(replaced$own$records, {
  draw <- force
  p_draw <- p_force * p_record
})
replaced$design("design", svydesign(ids = ~draw, probs = ~p_draw, data = records))
replaced$answer("combined_ratio/ultimate_cluster/t", svyratio(~recorded, ~due, design), 9)
replaced$design("jackknife", as.svrepdesign(design, type = "JK1", mse = TRUE))
replaced$answer("combined_ratio/jackknife/t", svyratio(~recorded, ~due, jackknife), 9)

# 11: bootstrap, Rao and Wu's, m - 1 of m --------------------------------------------------------
resampled <- function(f, call) {
  call <- substitute(call)
  r <- eval(call, f$own)
  squares <- (r$replicates - mean(r$replicates))^2
  list(fixture = f$close()$name, call = paste(trimws(deparse(call, 500)), collapse = " "),
       replicates = length(squares), variance = as.numeric(vcov(r)),
       mcse = sd(squares) / sqrt(length(squares)))
}
bootstrap <- list(
  resampled(thirteen, svyratio(~recorded, ~due, as.svrepdesign(
    svydesign(ids = ~force, weights = ~weight, data = totals),
    type = "subbootstrap", replicates = 20000), return.replicates = TRUE)),
  resampled(adjusted_strata, svyratio(~recorded, ~due, as.svrepdesign(
    svydesign(ids = ~force, strata = ~force_stratum, weights = ~weight, data = totals),
    type = "subbootstrap", replicates = 20000), return.replicates = TRUE))
)

made <- list(
  thirteen, five, two, accurate, third, certain, read_whole, every_force, one_each, census, unknown,
  all_recorded, none_recorded, adjusted_whole, adjusted_two_stage, adjusted_strata_whole,
  adjusted_strata, sampford, entropy, sampford_two_stage, replaced
)
cat(json(list(
  made_by = list(R = R.version.string, survey = as.character(packageVersion("survey")),
                 sampling = as.character(packageVersion("sampling"))),
  level = LEVEL,
  fixtures = lapply(made, function(f) f$close()),
  bootstrap = bootstrap
)), "\n", sep = "")
