"use strict";
document.documentElement.classList.add("js"); // what needs a script shows itself only now
