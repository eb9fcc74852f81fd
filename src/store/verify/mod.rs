//! Is everything as docket left it?
