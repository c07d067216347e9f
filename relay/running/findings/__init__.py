"""What the doctor looks at in the installation itself."""
