# Reads floors.txt, then sources. Names every include that goes up or sideways, and every .c in a folder with a header
# of the same name that does not include that header first.
function folder(path, parts) {
	split(path, parts, "/")
	return parts[3] == "" ? "cmd" : parts[2]   # src/main.c belongs to the top floor
}

FNR == NR {
	if ($0 !~ /^#/ && NF == 2)
		floor[$1] = $2
	next
}

FNR == 1 {
	here = folder(FILENAME)
	first = 1
	own = FILENAME
	sub(/^src\//, "", own)
	sub(/\.c$/, ".h", own)
	has_own = FILENAME ~ /\.c$/ && (getline line < ("src/" own)) > 0
	close("src/" own)
	if (!(here in floor))
		print FILENAME ":1: the folder has no floor in tests/tidy/floors.txt"
}

/^[ \t]*#[ \t]*include[ \t]*"/ {
	split($0, quoted, "\"")
	target = quoted[2]
	impl = own
	sub(/\.h$/, "_impl.h", impl)   # what the files of one thing share includes its header
	if (first && has_own && target != own && target != impl)
		print FILENAME ":" FNR ": includes \"" target "\" before its own header"
	first = 0
	if (index(target, "/") == 0) {
		print FILENAME ":" FNR ": includes \"" target "\" without its folder"
		next
	}
	there = target
	sub(/\/.*/, "", there)
	if (!(there in floor))
		print FILENAME ":" FNR ": includes \"" target "\" of a folder without a floor"
	else if (there != here && floor[there] >= floor[here])
		print FILENAME ":" FNR ": floor " floor[here] " (" here ") includes \"" target "\" of floor " floor[there]
}
