# Names .c files over 500 lines, functions over 60 and lines over 100 columns (a tab is 8). Tables do not count: they
# start with "= {" or "] = {" at the end of a line and end with "};" in a line of their own.
function flush_file() {
	if (file != "" && file ~ /\.c$/ && counted > 500)
		print file ":1: " counted " lines without its tables; the limit is 500"
}

function columns(line, n, i, c) {
	if (length(line) <= 12)
		return 0
	for (i = 1; i <= length(line); i++) {
		c = substr(line, i, 1)
		n = c == "\t" ? n + 8 - n % 8 : n + (c ~ /[\200-\277]/ ? 0 : 1)
	}
	return n
}

FNR == 1 {
	flush_file()
	file = FILENAME
	counted = 0
	in_table = 0
	body = 0
}

{
	if (!in_table) {
		counted++
		in_body++
	}
	if ($0 ~ /^}/ || $0 ~ /};$/)
		in_table = 0
	else if ($0 ~ /= \{$/)
		in_table = 1
	if ($0 == "{") {
		body = FNR
		in_body = 0
	} else if ($0 ~ /^}/ && body) {
		if (in_body - 1 > 60)
			print FILENAME ":" body ": a function of " in_body - 1 " lines; the limit is 60"
		body = 0
	}
	if (columns($0) > 100)
		print FILENAME ":" FNR ": " columns($0) " columns; the limit is 100"
}

END {
	flush_file()
}
