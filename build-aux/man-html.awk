# SPDX-License-Identifier: MIT
#
# Make the pages of a site of fragments that mandoc has written.  The first file has a line for
# each function: its name, and that of its page.  The directory of the site is in "to".

FILENAME == "aliases" {
	of_page[$1] = $2
	next
}

FNR == 1 {
	page = FILENAME
	sub(/^\.\//, "", page)
	pages[++n_pages] = page
	match(page, /\.[0-9]\.html$/)
	name = substr(page, 1, RSTART - 1)
	title[page] = name "(" substr(page, RSTART + 1, 1) ")"
	# Some pages have the name of a function.
	if (title[page] ~ /\(3\)$/)
		of_page[name] = name
	in_pre = 0
}

# Join the lines of an element: mandoc indents the continuation.
{
	text = $0
	if (!in_pre && text ~ /^ /) {
		sub(/^ +/, " ", text)
		if (text ~ /^ <pre/)
			line[page, ++count[page]] = substr(text, 2)
		else
			line[page, count[page]] = line[page, count[page]] text
	} else
		line[page, ++count[page]] = text
	if (text ~ /<pre/)
		in_pre = 1
	if (text ~ /<\/pre>/)
		in_pre = 0
}

END {
	for (i = 1; i <= n_pages; i++)
		examine(pages[i])
	for (i = 1; i <= n_pages; i++)
		write_page(i)
	write_index()
}

# Remember the anchors, the description and the date of a page.
function examine(page,    i, rest) {
	for (i = 1; i <= count[page]; i++) {
		if (line[page, i] ~ /^<h[12] class="S[hs]">/)
			line[page, i] = with_anchor(line[page, i])
		rest = line[page, i]
		if (match(rest, /<span class="Nd">.*<\/span>/))
			description[page] = between(rest, "<span class=\"Nd\">", "</span>")
		if (match(rest, /<td class="foot-date">/))
			date[page] = between(rest, "<td class=\"foot-date\">", "</td>")
		while (match(rest, / id="[^"]*"/)) {
			anchor[page, substr(rest, RSTART + 5, RLENGTH - 6)] = 1
			rest = substr(rest, RSTART + RLENGTH)
		}
	}
	# A function that no paragraph begins with has its place in the synopsis.
	for (i = 1; i <= count[page]; i++) {
		if (!is_prototype(line[page, i]))
			continue
		rest = between(line[page, i], "<code class=\"Fn\">", "</code>")
		if (!((page, rest) in anchor)) {
			sub(/<code class="Fn">/, "<code class=\"Fn\" id=\"" rest "\">", line[page, i])
			anchor[page, rest] = 1
		}
	}
}

# A heading with quotation marks, which mandoc gives no anchor.
function with_anchor(text,    name) {
	name = plain(text)
	gsub(/&[a-z]+;/, "", name)
	gsub(/[^A-Za-z0-9_.()-]+/, "_", name)
	sub(/>/, " id=\"" name "\"><a class=\"permalink\" href=\"#" name "\">", text)
	sub(/<\/h/, "</a></h", text)
	return text
}

function is_prototype(text) {
	return text ~ /^<p class="Pp"><var class="Ft">.*<code class="Fn">/
}

function between(text, before, after,    at) {
	at = index(text, before)
	text = substr(text, at + length(before))
	return substr(text, 1, index(text, after) - 1)
}

# The address of a function, or "".
function address(name, page,    file) {
	if (!(name in of_page))
		return ""
	file = of_page[name] ".3.html"
	if (!((file, name) in anchor))
		return file
	return (file == page ? "" : file) "#" name
}

# Let each name of a function that is not a link yet lead to its description.
function link_names(text, page,    done, name, before, href) {
	while (match(text, /<code class="Fn">[a-z0-9_]+<\/code>/)) {
		before = substr(text, 1, RSTART - 1)
		name = substr(text, RSTART + 17, RLENGTH - 24)
		href = before ~ /<a [^>]*>$/ ? "" : address(name, page)
		done = done before
		done = done (href == "" ? "" : "<a class=\"name\" href=\"" href "\">")
		done = done "<code class=\"Fn\">" name "</code>" (href == "" ? "" : "</a>")
		text = substr(text, RSTART + RLENGTH)
	}
	return done text
}

# Let a link to the page of a function lead to the function.
function correct_links(text,    done, name) {
	while (match(text, /href="[a-z0-9_]+\.3\.html"/)) {
		name = substr(text, RSTART + 6, RLENGTH - 14)
		done = done substr(text, 1, RSTART - 1)
		done = done "href=\"" (name in of_page ? address(name, "") : name ".3.html") "\""
		text = substr(text, RSTART + RLENGTH)
	}
	return done text
}

# '@picture FILE: TEXT@' as a picture.
function picture(text,    file) {
	text = between(text, "@picture ", "@")
	file = substr(text, 1, index(text, ":") - 1)
	sub(/^[^:]*: */, "", text)
	return "<figure><img src=\"" file "\" alt=\"" text "\"></figure>"
}

function head(file, name, summary) {
	print "<!DOCTYPE html>\n<html lang=\"en\">\n<!-- SPDX-License-Identifier: MIT -->\n<head>" >file
	print "<meta charset=\"utf-8\">" >file
	print "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">" >file
	print "<meta name=\"color-scheme\" content=\"light dark\">" >file
	if (summary != "")
		print "<meta name=\"description\" content=\"" plain(summary) "\">" >file
	print "<title>" name "</title>" >file
	print "<link rel=\"icon\" href=\"data:,\">" >file
	print "<link rel=\"stylesheet\" href=\"style.css\">\n</head>\n<body>" >file
	print "<header class=\"site\"><a href=\"index.html\">" os "</a></header>" >file
	print "<div class=\"columns\">" >file
}

function foot(file, name) {
	print "</div>\n<footer>" os (date[name] == "" ? "" : " · " date[name]) "</footer>" >file
	print "<script>" >file
	print "for (const pre of document.querySelectorAll('pre')) {" >file
	print "  const button = document.createElement('button');" >file
	print "  if (!navigator.clipboard) break;" >file
	print "  button.type = 'button';" >file
	print "  button.textContent = 'Copy';" >file
	print "  button.onclick = () => navigator.clipboard.writeText(pre.textContent).then(() => {" >file
	print "    button.textContent = 'Copied';" >file
	print "    setTimeout(() => button.textContent = 'Copy', 2000);" >file
	print "  });" >file
	print "  pre.parentNode.classList.add('code');" >file
	print "  pre.before(button);" >file
	print "}\n</script>\n</body>\n</html>" >file
	close(file)
}

function plain(text) {
	gsub(/<[^>]*>/, "", text)
	return text
}

# The list of all pages; the current one is no link.
function page_list(file, page,    i, section) {
	print "<nav class=\"pages\" aria-label=\"Pages\"><details><summary>Pages</summary>" >file
	for (i = 1; i <= n_pages; i++) {
		if (section != substr(title[pages[i]], index(title[pages[i]], "("))) {
			print (section == "" ? "" : "</ul>") "<ul>" >file
			section = substr(title[pages[i]], index(title[pages[i]], "("))
		}
		if (pages[i] == page)
			print "<li><strong aria-current=\"page\">" title[pages[i]] "</strong></li>" >file
		else
			print "<li><a href=\"" pages[i] "\">" title[pages[i]] "</a></li>" >file
	}
	print "</ul></details></nav>" >file
}

# The table of contents: sections, subsections, and functions.
function contents(file, page,    i, text, functions, name) {
	print "<nav class=\"contents\" aria-label=\"Contents\"><details>" >file
	print "<summary>On this page</summary>\n<ul>" >file
	for (i = 1; i <= count[page]; i++) {
		text = line[page, i]
		if (text !~ /^<h[12] class="S[hs]"/ || text ~ / id="NAME"/)
			continue
		name = text
		sub(/<a class="permalink" href="[^"]*">/, "", name)
		print "<li class=\"" (text ~ /^<h1/ ? "Sh" : "Ss") "\"><a href=\"#" \
			between(text, " id=\"", "\"") "\">" plain(name) "</a></li>" >file
	}
	print "</ul></details>" >file
	for (i = 1; i <= n_names; i++) {
		if (address(names[i], page) !~ /^#/)
			continue
		if (!functions++)
			print "<details><summary>Functions</summary>\n<ul>" >file
		print "<li><a href=\"#" names[i] "\"><code>" names[i] "</code></a></li>" >file
	}
	print (functions ? "</ul></details>" : "") "</nav>" >file
}

# The names in the section NAME, in their order.
function find_names(page,    i, rest) {
	n_names = 0
	for (i = 1; i <= count[page] && line[page, i] !~ / id="SYNOPSIS"/; i++) {
		rest = line[page, i]
		while (match(rest, /<code class="Nm">[^<]*<\/code>/)) {
			names[++n_names] = substr(rest, RSTART + 17, RLENGTH - 24)
			rest = substr(rest, RSTART + RLENGTH)
		}
	}
}

function write_page(number,    page, file, i, text, skip, in_pre) {
	page = pages[number]
	file = to "/" page
	find_names(page)
	head(file, title[page], description[page])
	page_list(file, page)
	contents(file, page)
	print "<main>\n<h1 id=\"NAME\">" title[page] "</h1>" >file
	print "<p class=\"lead\">" description[page] "</p>" >file
	for (i = 1; i <= count[page]; i++) {
		text = line[page, i]
		# The title stands for the section NAME, and the foot of the page for the others.
		if (text ~ /^<table class="(head|foot)"/ || line[page, i + 1] ~ / id="NAME"/)
			skip = 1
		if (!skip)
			print render(text, page) >file
		if (text ~ /^<\/(table|section)>/)
			skip = 0
	}
	print "<nav class=\"around\" aria-label=\"Neighbours\">" >file
	if (number > 1)
		print "<a rel=\"prev\" href=\"" pages[number - 1] "\">" title[pages[number - 1]] "</a>" >file
	if (number < n_pages)
		print "<a rel=\"next\" href=\"" pages[number + 1] "\">" title[pages[number + 1]] "</a>" >file
	print "</nav>\n</main>" >file
	foot(file, page)
}

function render(text, page) {
	if (text ~ /<pre/)
		rendering_pre = 1
	if (text ~ /<\/pre>/)
		rendering_pre = 0
	if (rendering_pre)
		return text
	if (text ~ /@picture [^@]*@/)
		return picture(text)
	# The title of the page is the only heading of the first level.
	gsub(/<h2 /, "<h3 ", text)
	gsub(/<\/h2>/, "</h3>", text)
	gsub(/<h1 /, "<h2 ", text)
	gsub(/<\/h1>/, "</h2>", text)
	# A line of a prototype can be broken after the parenthesis.
	if (text ~ /^<p class="Pp"><var class="Ft">/)
		sub(/<\/code>\(/, "&<wbr>", text)
	if (text ~ /^<table class="Bl-column"/)
		text = "<div class=\"wide\">" text
	if (text ~ /<\/table>/)
		text = text "</div>"
	return link_names(correct_links(text), page)
}

function heading(section) {
	if (section == "(7)")
		return "Guides"
	return section == "(3)" ? "Functions" : "Section " substr(section, 2, length(section) - 2)
}

function write_index(    file, i, section) {
	file = to "/index.html"
	head(file, os, description["daemonkit.7.html"])
	page_list(file, "")
	print "<main>\n<h1>" os "</h1>" >file
	print "<p class=\"lead\">" description["daemonkit.7.html"] "</p>" >file
	print picture("@picture start.svg: a start: the launcher creates the leader, which creates" \
		" the daemon and exits; launcher and daemon talk over the channel@") >file
	for (i = 1; i <= n_pages; i++) {
		if (section != substr(title[pages[i]], index(title[pages[i]], "("))) {
			if (section != "")
				print "</dl>" >file
			section = substr(title[pages[i]], index(title[pages[i]], "("))
			print "<h2>" heading(section) "</h2>\n<dl class=\"index\">" >file
		}
		print "<dt><a href=\"" pages[i] "\">" title[pages[i]] "</a></dt>" >file
		print "<dd>" description[pages[i]] "</dd>" >file
	}
	print "</dl>\n</main>" >file
	foot(file, "daemonkit.7.html")
}
