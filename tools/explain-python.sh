#!/bin/sh
# Says why no virtual environment could be made, and what to install. Arguments: the names tried.

for name in "$@"; do
    found=$("$name" -c 'import sys; sys.version_info >= (3, 11) and print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
    [ -n "$found" ] && break
done

if [ -n "$found" ]; then
    echo "Python $found is here, but its venv module is not. Install it:"
    echo "  Debian, Ubuntu:  apt-get install python$found-venv"
    echo "  Fedora, RHEL:    dnf install python$found python3-pip"
else
    echo "Vestibule needs Python 3.11 or newer; none answered to: $*"
    echo "  Debian, Ubuntu:  apt-get install python3 python3-venv"
    echo "  Fedora, RHEL:    dnf install python3 python3-pip"
    echo "  macOS:           brew install python"
fi
echo "Another interpreter can be named:  make PYTHON=/path/to/python ..."
