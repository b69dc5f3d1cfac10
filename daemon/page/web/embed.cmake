# Run as a script: writes a source file with what documents refer to, as bytes, plain and compressed.
#   cmake -DOUT=FILE -DSTYLE="a.css;b.css" -DSCRIPT=page.js -DGZIP=gzip -P embed.cmake
# Without SCRIPT there is none.

function(bytes_of file variable)
  file(READ ${file} hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," list "${hex}")
  string(REGEX REPLACE "(................................................................................)" "\\1\n" list "${list}")
  set(${variable} "${list}" PARENT_SCOPE)
endfunction()

set(code "// Made by daemon/page/web/embed.cmake.\n#include \"daemon/page/assets.hpp\"\n\n#include <array>\n\nnamespace blipd::page {\n\nnamespace {\n\n")
set(rows "")
set(count 0)

function(embed name extension type file)
  execute_process(COMMAND ${GZIP} -9 -n -c ${file} OUTPUT_FILE ${file}.gz COMMAND_ERROR_IS_FATAL ANY)
  file(SHA256 ${file} digest)
  string(SUBSTRING ${digest} 0 12 digest)
  bytes_of(${file} plain)
  bytes_of(${file}.gz compressed)
  string(APPEND code "constexpr unsigned char k${name}[] = {\n${plain}\n};\nconstexpr unsigned char k${name}Gzip[] = {\n${compressed}\n};\n\n")
  string(APPEND rows "    {\"/assets/page-${digest}.${extension}\", \"${type}\", view(k${name}), view(k${name}Gzip)},\n")
  set(code "${code}" PARENT_SCOPE)
  set(rows "${rows}" PARENT_SCOPE)
endfunction()

get_filename_component(folder ${OUT} DIRECTORY)
set(style "")
foreach(file IN LISTS STYLE)
  file(READ ${file} content)
  string(APPEND style "${content}")
endforeach()
file(WRITE ${folder}/embedded.css "${style}")
embed(Style css "text/css; charset=utf-8" ${folder}/embedded.css)
math(EXPR count "${count} + 1")
if(SCRIPT)
  embed(Script js "text/javascript; charset=utf-8" ${SCRIPT})
  math(EXPR count "${count} + 1")
endif()

string(APPEND code "template <std::size_t N>\nstd::string_view view(const unsigned char (&bytes)[N]) {\n  return {reinterpret_cast<const char*>(bytes), N};\n}\n\nconst std::array<Asset, ${count}> kAssets = {{\n${rows}}};\n\n}  // namespace\n\nstd::span<const Asset> assets() { return kAssets; }\n\n}  // namespace blipd::page\n")
file(WRITE ${OUT} "${code}")
