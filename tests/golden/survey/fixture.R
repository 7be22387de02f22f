# A fixture: an audit, and what R answers to calls whose text is kept beside the answer.

LEVEL <- 0.95

fixture <- function(name, about, audit) {
  own <- new.env(parent = globalenv())
  own$audit <- audit
  own$records <- records_of(audit)
  own$totals <- totals_of(audit)
  made <- new.env()
  made$designs <- list(); made$answers <- list(); made$stages <- list(); made$reference <- list()

  kept <- function(call) paste(trimws(deparse(call, width.cutoff = 500)), collapse = " ")
  refused <- function(e) list(error = conditionMessage(e))
  run <- function(call) tryCatch(suppressWarnings(eval(call, own)), error = refused)
  design <- function(called, call) {
    call <- substitute(call)
    own[[called]] <- eval(call, own)
    made$designs[[called]] <- kept(call)
  }
  # `...` is kept beside the answer as it is.
  answer <- function(estimator, call, df, ...) {
    call <- substitute(call)
    made$answers[[length(made$answers) + 1]] <-
      c(list(estimator = estimator, call = kept(call)), numbers(eval(call, own), df), list(...))
  }
  stage <- function(part, call) {
    call <- substitute(call)
    made$stages[[length(made$stages) + 1]] <-
      list(part = part, call = kept(call), variance = as.numeric(eval(call, own)))
  }
  reference <- function(what, call, df = NULL) {
    call <- substitute(call)
    made$reference[[length(made$reference) + 1]] <-
      c(list(what = what, call = kept(call)), numbers(run(call), df))
  }
  close <- function() {
    list(name = name, about = about, audit = as_ours(own$audit), designs = made$designs,
         answers = made$answers, stages = made$stages, reference = made$reference)
  }
  list(design = design, answer = answer, stage = stage, reference = reference, close = close,
       own = own)
}

# Value, SE, degrees of freedom and interval of whatever a call returned.
numbers <- function(said, df) {
  if (is.list(said) && !is.null(said$error)) return(list(error = said$error))
  if (inherits(said, "htest")) {
    value <- said$estimate; variance <- NULL; ends <- said$conf.int
  } else if (inherits(said, "svyciprop")) {
    value <- coef(said); variance <- attr(said, "var"); ends <- confint(said)
  } else {
    value <- coef(said); variance <- vcov(said)
    ends <- if (!is.null(df)) confint(said, level = LEVEL, df = df)
  }
  c(list(value = as.numeric(value)),
    if (!is.null(variance)) list(se = sqrt(as.numeric(variance))),
    if (!is.null(df)) list(df = df),
    if (!is.null(ends)) list(low = as.numeric(ends)[1], high = as.numeric(ends)[2]))
}

# The fields of our Audit: rows and strata count from 0.
as_ours <- function(a) {
  list(
    force = I(a$force - 1), frame = a$frame, sampled = a$sampled, due = a$due,
    recorded = a$recorded, p_inclusion = I(a$p_inclusion), force_stratum = I(a$force_stratum - 1),
    recorded_volume = a$recorded_volume, post_stratum = I(a$post_stratum),
    p_joint = a$p_joint
  )
}

# JSON with 17 significant digits, which jsonlite does not write.
json <- function(x, indent = "") {
  inner <- paste0(indent, " ")
  block <- function(open, items, close) {
    if (length(items) == 0) return(paste0(open, close))
    paste0(open, "\n", paste0(inner, items, collapse = ",\n"), "\n", indent, close)
  }
  if (is.matrix(x)) return(block("[", apply(x, 1, function(row) row_of(row)), "]"))
  if (is.list(x)) {
    x <- x[!vapply(x, is.null, TRUE)]
    items <- vapply(x, json, "", indent = inner)
    if (is.null(names(x))) return(block("[", items, "]"))
    return(block("{", paste0(text(names(x)), ": ", items), "}"))
  }
  if (inherits(x, "AsIs") || length(x) > 1) return(row_of(x))
  scalar(x)
}
row_of <- function(x) paste0("[", paste(scalar(unclass(x)), collapse = ", "), "]")
scalar <- function(x) {
  if (is.character(x)) return(text(x))
  ifelse(is.finite(x), sprintf("%.17g", x), "null")
}
text <- function(x) paste0('"', gsub('(["\\\\])', "\\\\\\1", gsub("[\n\t]+", " ", x)), '"')
